// What a gateway makes of requests of the protocol's extensions.
#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/api/gateway.h"
#include "tests/api/fake_model.h"
#include "tests/support/make_request.h"

namespace baton::api {
namespace {

using testing::HasSubstr;

class GatewayExtensionsTest : public testing::Test {
 protected:
  Resolution Get(const std::string& path) { return Resolve(http::Method::kGet, path, {}); }
  Resolution Post(const std::string& path, const std::string& body) {
    return Resolve(http::Method::kPost, path, body);
  }

  FakeDirectory directory_;

 private:
  Resolution Resolve(http::Method method, const std::string& path, const std::string& body) {
    http::Request request = http::RequestWith({});
    request.method = method;
    request.path = path;
    request.has_body = method == http::Method::kPost;
    request.body = body;
    return gateway_.Resolve(request, {}, true);
  }

  metrics::Registry registry_;
  serve::Endpoints endpoints_{registry_};
  const Gateway gateway_{endpoints_, directory_, std::make_shared<http::GzipCounts>(), {}};
};

TEST_F(GatewayExtensionsTest, LoadingIsForbiddenUnlessItIsAllowed) {
  const Resolution refused = Post("/v2/repository/models/m/load", "");
  EXPECT_EQ(refused.response.status, 403);
  EXPECT_THAT(refused.response.body, HasSubstr("--allow-model-control"));
  EXPECT_FALSE(refused.change);
  EXPECT_FALSE(refused.needs_body);
}

TEST_F(GatewayExtensionsTest, AnAllowedChangeIsLeftToWhoMakesIt) {
  directory_.allows_changes = true;
  const Resolution load = Post("/v2/repository/models/m/load", R"({"parameters":null})");
  ASSERT_TRUE(load.change);
  EXPECT_EQ(load.change->kind, RepositoryChange::Kind::kLoad);
  EXPECT_EQ(load.change->model, "m");
  EXPECT_TRUE(load.needs_body);
  const Resolution unload =
      Post("/v2/repository/models/m/unload", R"({"parameters":{"unload_dependents":false}})");
  ASSERT_TRUE(unload.change);
  EXPECT_EQ(unload.change->kind, RepositoryChange::Kind::kUnload);
  EXPECT_THAT(directory_.changes, testing::IsEmpty());
}

TEST_F(GatewayExtensionsTest, AChangeThatBringsItsOwnConfigurationIsRefused) {
  directory_.allows_changes = true;
  const Resolution refused =
      Post("/v2/repository/models/m/load", R"({"parameters":{"config":"{}"}})");
  EXPECT_FALSE(refused.change);
  EXPECT_EQ(refused.response.status, 400);
  EXPECT_THAT(refused.response.body, HasSubstr("config"));
}

TEST_F(GatewayExtensionsTest, TheIndexIsOfAllUnlessOnlyWhatIsReadyIsAskedFor) {
  directory_.index = {{"m", "1", "READY", ""}, {"m", "2", "UNAVAILABLE", "no such file"}};
  const std::string first = R"([{"name":"m","version":"1","state":"READY","reason":""})";
  const std::string second =
      R"(,{"name":"m","version":"2","state":"UNAVAILABLE","reason":"no such file"}])";
  EXPECT_EQ(Post("/v2/repository/index", "").response.body, first + second);
  EXPECT_EQ(Post("/v2/repository/index", R"({"ready":null})").response.body, first + second);
  EXPECT_EQ(Post("/v2/repository/index", R"({"ready":true})").response.body, first + "]");
  EXPECT_TRUE(Post("/v2/repository/index", "").needs_body);
}

TEST_F(GatewayExtensionsTest, WhatTheIndexDoesNotUnderstandIsRefused) {
  for (const std::string body : {"{", "[]", R"({"ready":1})"}) {
    EXPECT_EQ(Post("/v2/repository/index", body).response.status, 400) << body;
  }
  EXPECT_EQ(Post("/v2/repository/index", std::string(70'000, ' ') + "{}").response.status, 413);
}

TEST_F(GatewayExtensionsTest, StatisticsAreOfAllModelsOrOneOrOneVersion) {
  EXPECT_EQ(Get("/v2/models/stats").response.body, R"({"model_stats":[]})");
  EXPECT_EQ(directory_.asked, "/");
  Get("/v2/models/m/stats");
  EXPECT_EQ(directory_.asked, "m/");
  Get("/v2/models/m/versions/3/stats");
  EXPECT_EQ(directory_.asked, "m/3");
}

TEST_F(GatewayExtensionsTest, AModelThatDoesNotAnswerHasNoConfiguration) {
  EXPECT_EQ(Get("/v2/models/m/config").response.status, 200);
  const Resolution unknown = Get("/v2/models/x/config");
  EXPECT_EQ(unknown.response.status, 404);
  EXPECT_TRUE(unknown.is_clients_fault);
  directory_.fault = Error{ErrorCode::kUnavailable, "it loads", {}};
  const Resolution away = Get("/v2/models/m/versions/1/config");
  EXPECT_EQ(away.response.status, 503);
  EXPECT_FALSE(away.is_clients_fault);
}

}  // namespace
}  // namespace baton::api
