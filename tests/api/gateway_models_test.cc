// What a gateway makes of requests that name a model.
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/api/gateway.h"
#include "tests/api/fake_model.h"
#include "tests/support/make_request.h"

namespace baton::api {
namespace {

using testing::HasSubstr;

class GatewayModelsTest : public testing::Test {
 protected:
  Resolution Resolve(http::Method method, const std::string& path,
                     CanaryTurn turn = CanaryTurn::kTakes) {
    http::Request request = http::RequestWith({});
    request.method = method;
    request.path = path;
    request.has_body = method == http::Method::kPost;
    return gateway_.Resolve(request, catalogue_, true, turn);
  }
  Resolution Post(const std::string& path) { return Resolve(http::Method::kPost, path); }
  Resolution Get(const std::string& path) { return Resolve(http::Method::kGet, path); }

  void Withdraw() {
    CatalogueModel model = ModelOfVersions("m", {}, endpoint_);
    model.absent = {{"1", "UNAVAILABLE", "unloaded"}};
    catalogue_ = CatalogueOf(std::move(model));
  }

  metrics::Registry registry_;
  serve::Endpoints endpoints_{registry_};
  FakeDirectory directory_;
  const Gateway gateway_{endpoints_, directory_, std::make_shared<http::GzipCounts>(), {}};
  const serve::Endpoint* const endpoint_ = *endpoints_.Add("m", serve::Endpoint::Kind::kModel);
  Catalogue catalogue_ = CatalogueOf(
      ModelOfVersions("m", {EchoModel({{"x", models::DataType::kFp32, {-1}}})}, endpoint_));
};

TEST_F(GatewayModelsTest, APlanNamesTheVersionThatAnswers) {
  const Resolution any = Post("/v2/models/m/infer");
  ASSERT_TRUE(any.plan);
  EXPECT_EQ(any.plan->endpoint, endpoint_);
  EXPECT_EQ(any.plan->version->number(), "1");
  EXPECT_EQ(any.plan->handler, any.plan->version->infer.get());
  const Resolution predict = Post("/v1/models/m:predict");
  ASSERT_TRUE(predict.plan);
  EXPECT_EQ(predict.plan->handler, predict.plan->version->predict.get());
}

TEST_F(GatewayModelsTest, ARequestLookedAtByItsHeadFirstTakesOneTurnOfACanarys) {
  const std::vector<models::TensorSpec> specs = {{"x", models::DataType::kFp32, {-1}}};
  CatalogueModel model =
      ModelOfVersions("m", {EchoModel(specs, "1"), EchoModel(specs, "2")}, endpoint_);
  model.chosen = "1";
  model.canary = CatalogueModel::Canary{"2", 0.5};
  std::string versions;
  std::string looked_at_before;
  for (const bool comes_late : {false, true}) {
    CatalogueModel fresh = model;
    fresh.arrivals = std::make_shared<std::atomic<std::uint64_t>>(0);
    catalogue_ = CatalogueOf(std::move(fresh));
    for (int i = 0; i < 100; ++i) {
      const std::string path = "/v2/models/m/infer";
      if (comes_late) static_cast<void>(Resolve(http::Method::kPost, path, CanaryTurn::kLeaves));
      (comes_late ? looked_at_before : versions) += Post(path).plan->version->number();
    }
  }
  EXPECT_EQ(looked_at_before, versions);
  EXPECT_THAT(versions, HasSubstr("12"));
}

TEST_F(GatewayModelsTest, AnUnknownModelCountsAgainstNoEndpointOfItsOwn) {
  const Resolution refused = Post("/v2/models/x/infer");
  EXPECT_FALSE(refused.plan);
  EXPECT_TRUE(refused.is_clients_fault);
  EXPECT_EQ(refused.endpoint, &gateway_.unknown());
  EXPECT_EQ(refused.response.status, 404);
  EXPECT_EQ(refused.response.body, R"({"error":"unknown model 'x'"})");
}

TEST_F(GatewayModelsTest, AnUnknownVersionCountsAgainstItsModel) {
  const Resolution refused = Post("/v2/models/m/versions/3/infer");
  EXPECT_TRUE(refused.is_clients_fault);
  EXPECT_EQ(refused.endpoint, endpoint_);
  EXPECT_EQ(refused.response.status, 404);
  EXPECT_THAT(refused.response.body, HasSubstr("model 'm' has no version '3', expected one of 1"));
}

TEST_F(GatewayModelsTest, AModelThatDoesNotAnswerLeavesWhatAFallbackNeedsToKnow) {
  Withdraw();
  const Resolution any = Post("/v2/models/m/infer");
  ASSERT_TRUE(any.unavailable);
  EXPECT_EQ(any.unavailable->message, "model 'm' is not ready: unloaded");
  ASSERT_TRUE(any.plan);
  EXPECT_EQ(any.plan->endpoint, endpoint_);
  EXPECT_EQ(any.plan->format, BodyFormat::kInfer);
  EXPECT_EQ(any.plan->handler, nullptr);
  EXPECT_FALSE(any.is_clients_fault);
  EXPECT_EQ(Post("/v1/models/m:predict").plan->format, BodyFormat::kPlain);
}

TEST_F(GatewayModelsTest, ReadinessIsThatOfTheModel) {
  EXPECT_EQ(Get("/v2/models/m/ready").response.status, 200);
  EXPECT_EQ(Get("/v2/models/x/ready").response.status, 404);
  Withdraw();
  const Resolution away = Get("/v2/models/m/ready");
  EXPECT_EQ(away.response.status, 503);
  EXPECT_EQ(away.response.body, R"({"name":"m","ready":false})");
  EXPECT_EQ(Get("/v2/models/m").response.status, 503);
  EXPECT_THAT(Get("/v2/models/m").response.body, HasSubstr("model 'm' is not ready: unloaded"));
}

}  // namespace
}  // namespace baton::api
