// Endpoints come, and stay where they are.
#include "server/serve/endpoints.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace baton::serve {
namespace {

using Kind = Endpoint::Kind;
using testing::HasSubstr;

class EndpointsTest : public testing::Test {
 protected:
  const Endpoint* Add(const std::string& name, Kind kind = Kind::kModel) {
    const auto added = endpoints_.Add(name, kind);
    EXPECT_TRUE(added) << name;
    return added ? *added : nullptr;
  }

  metrics::Registry registry_;
  Endpoints endpoints_{registry_};
};

TEST_F(EndpointsTest, TheFirstOneIsWhereRequestsAreCountedThatNameNone) {
  EXPECT_EQ(endpoints_.size(), 1u);
  EXPECT_EQ(endpoints_.unknown().name, "_unknown_");
  EXPECT_EQ(endpoints_.unknown().kind, Kind::kUnknown);
  EXPECT_EQ(endpoints_.unknown().index, 0u);
  EXPECT_EQ(endpoints_.Find("_unknown_"), &endpoints_.unknown());
}

TEST_F(EndpointsTest, EachHasTheNextIndexAndItsMetrics) {
  const Endpoint* const route = Add("reverse", Kind::kRoute);
  const Endpoint* const model = Add("digits");
  EXPECT_EQ(route->index, 1u);
  EXPECT_EQ(model->index, 2u);
  EXPECT_THAT(endpoints_.All(), testing::ElementsAre(&endpoints_.unknown(), route, model));
  EXPECT_THAT(registry_.Expose(), HasSubstr(R"(endpoint="digits")"));
}

TEST_F(EndpointsTest, AModelThatComesAgainFindsItsEndpointAgain) {
  const Endpoint* const first = Add("digits");
  for (int i = 0; i < 100; ++i) Add("model-" + std::to_string(i));
  EXPECT_EQ(Add("digits"), first);
  EXPECT_EQ(endpoints_.Find("digits"), first);
  EXPECT_EQ(endpoints_.size(), 102u);
}

TEST_F(EndpointsTest, ANameThatAnotherKindHasIsRefused) {
  Add("reverse", Kind::kRoute);
  const auto added = endpoints_.Add("reverse", Kind::kModel);
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().code, ErrorCode::kAlreadyExists);
  EXPECT_EQ(added.error().message, "the name 'reverse' is taken by another endpoint of the server");
  EXPECT_EQ(endpoints_.size(), 2u);
}

TEST_F(EndpointsTest, WhatIsNotThereIsNotFound) { EXPECT_EQ(endpoints_.Find("digits"), nullptr); }

}  // namespace
}  // namespace baton::serve
