// The endpoints that hold a worker.
#include "server/api/test_endpoints.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/api/fake_model.h"

namespace baton::api {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST(TestEndpointsTest, AnswerWhatWasAskedForAndWhatItTook) {
  FakeContext context;
  EXPECT_THAT(MakeSleepHandler()->Handle({Padded(R"({"ms": 0})"), {}}, context).body,
              StartsWith(R"({"ms":0,"slept_ms":)"));
  EXPECT_THAT(MakeSpinHandler()->Handle({Padded(R"({"other": [], "ms": 0.01})"), {}}, context).body,
              StartsWith(R"({"ms":0.01,"spun_ms":)"));
}

TEST(TestEndpointsTest, AreDeafToAnExpiredDeadline) {
  FakeContext context;
  context.is_expired = true;
  EXPECT_FALSE(MakeSleepHandler()->Handle({Padded(R"({"ms": 0})"), {}}, context).error);
}

TEST(TestEndpointsTest, RefuseOtherBodiesAndNameTheField) {
  FakeContext context;
  const std::vector<std::pair<std::string, std::string>> table = {
      {R"({})", "ms: expected a number from 0 to 60000, got nothing"},
      {R"({"ms": -1})", "got -1"},
      {R"({"ms": 60000.5})", "got 60000.5"},
      {R"({"ms": 1e300})", "got 1e+300"},
      {R"({"ms": "5"})", "got the string '5'"},
      {R"({"ms": null})", "got null"},
      {R"({"ms": true})", "got true"},
      {R"({"ms": [5]})", "got an array of 1"},
  };
  for (const auto& handler : {MakeSleepHandler().release(), MakeSpinHandler().release()}) {
    const std::unique_ptr<serve::Handler> owned(handler);
    for (const auto& [body, message] : table) {
      const serve::Outcome outcome = owned->Handle({Padded(body), {}}, context);
      ASSERT_TRUE(outcome.error) << body;
      EXPECT_EQ(outcome.error->code, ErrorCode::kInvalidArgument);
      EXPECT_EQ(outcome.error->field, "ms");
      EXPECT_THAT(outcome.error->message, HasSubstr(message));
    }
    EXPECT_TRUE(owned->Handle({Padded("[]"), {}}, context).error);
  }
}

}  // namespace
}  // namespace baton::api
