// Which version of a model answers a request, and what is said where none does.
#include "server/api/catalogue.h"

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/api/fake_model.h"

namespace baton::api {
namespace {

const std::vector<models::TensorSpec> kSpecs = {{"x", models::DataType::kFp32, {-1}}};

CatalogueModel TwoVersions() {
  return ModelOfVersions("m", {EchoModel(kSpecs, "2"), EchoModel(kSpecs, "10")});
}

std::string PickedOf(const Catalogue& catalogue, std::string_view version) {
  const auto picked = catalogue.Pick("m", version);
  return picked ? (*picked)->number() : "error: " + picked.error().message;
}

void ExpectRefused(const CatalogueModel& model, std::string_view version, ErrorCode code,
                   const std::string& message) {
  const auto picked = CatalogueOf(model).Pick("m", version);
  ASSERT_FALSE(picked) << message;
  EXPECT_EQ(picked.error().code, code) << message;
  EXPECT_EQ(picked.error().message, message);
}

TEST(CatalogueTest, ARequestWithoutAVersionGetsTheChosenOne) {
  CatalogueModel model = TwoVersions();
  EXPECT_EQ(PickedOf(CatalogueOf(model), ""), "10");
  model.chosen = "2";
  EXPECT_EQ(PickedOf(CatalogueOf(std::move(model)), ""), "2");
}

TEST(CatalogueTest, AVersionIsNamedByItsNumberOrALabel) {
  CatalogueModel model = TwoVersions();
  model.labels = {{"stable", "2"}, {"next", "10"}};
  const Catalogue catalogue = CatalogueOf(std::move(model));
  EXPECT_EQ(PickedOf(catalogue, "2"), "2");
  EXPECT_EQ(PickedOf(catalogue, "10"), "10");
  EXPECT_EQ(PickedOf(catalogue, "stable"), "2");
  EXPECT_EQ(PickedOf(catalogue, "next"), "10");
}

TEST(CatalogueTest, ARequiredModelIsMissingWhileNoVersionOfItAnswers) {
  EXPECT_EQ(CatalogueOf(ModelOfVersions("m", {})).MissingModel(), nullptr);
  CatalogueModel required = ModelOfVersions("m", {});
  required.is_required = true;
  const Catalogue without = CatalogueOf(std::move(required));
  ASSERT_NE(without.MissingModel(), nullptr);
  EXPECT_EQ(without.MissingModel()->name, "m");
  CatalogueModel there = TwoVersions();
  there.is_required = true;
  EXPECT_EQ(CatalogueOf(std::move(there)).MissingModel(), nullptr);
}

TEST(CatalogueTest, AnUnknownModelIsNotFound) {
  const auto picked = CatalogueOf(TwoVersions()).Pick("x", "");
  ASSERT_FALSE(picked);
  EXPECT_EQ(picked.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(picked.error().message, "unknown model 'x'");
  EXPECT_FALSE(Catalogue().Pick("m", ""));
}

TEST(CatalogueTest, AnUnknownVersionIsNotFoundAndTheErrorListsThoseThereAre) {
  ExpectRefused(TwoVersions(), "3", ErrorCode::kNotFound,
                "model 'm' has no version '3', expected one of 2, 10");
  ExpectRefused(ModelOfVersions("m", {}), "3", ErrorCode::kNotFound,
                "model 'm' has no version '3', expected one of none");
}

TEST(CatalogueTest, AVersionThatIsKnownAndDoesNotAnswerIsUnavailableWithItsReason) {
  CatalogueModel model = TwoVersions();
  model.absent = {{"3", "LOADING", ""}, {"4", "UNAVAILABLE", "the file is cut short"}};
  model.labels = {{"next", "4"}};
  ExpectRefused(model, "3", ErrorCode::kUnavailable, "model 'm' version '3' is not ready");
  ExpectRefused(model, "4", ErrorCode::kUnavailable,
                "model 'm' version '4' is not ready: the file is cut short");
  ExpectRefused(model, "next", ErrorCode::kUnavailable,
                "model 'm' version 'next' is not ready: the file is cut short");
}

TEST(CatalogueTest, AModelOfWhichNoVersionAnswersIsUnavailable) {
  CatalogueModel model = ModelOfVersions("m", {});
  ExpectRefused(model, "", ErrorCode::kUnavailable, "model 'm' is not ready");
  model.absent = {{"1", "UNAVAILABLE", "unloaded"}};
  ExpectRefused(model, "", ErrorCode::kUnavailable, "model 'm' is not ready: unloaded");
}

TEST(CatalogueTest, ACanaryTakesItsShareOfRequestsWithoutAVersionSpreadEvenly) {
  CatalogueModel model = TwoVersions();
  model.chosen = "2";
  model.canary = CatalogueModel::Canary{"10", 0.1};
  const Catalogue catalogue = CatalogueOf(std::move(model));
  for (int hundred = 0; hundred < 20; ++hundred) {
    int canaries = 0;
    for (int i = 0; i < 100; ++i) canaries += PickedOf(catalogue, "") == "10" ? 1 : 0;
    EXPECT_GE(canaries, 8);
    EXPECT_LE(canaries, 12);
  }
}

TEST(CatalogueTest, WhoeverNamesAVersionGetsItWhateverTheCanarysShare) {
  CatalogueModel model = TwoVersions();
  model.chosen = "2";
  model.canary = CatalogueModel::Canary{"10", 0.99};
  const Catalogue catalogue = CatalogueOf(std::move(model));
  for (int i = 0; i < 50; ++i) EXPECT_EQ(PickedOf(catalogue, "2"), "2");
}

TEST(CatalogueTest, ACanaryThatDoesNotAnswerLeavesItsShareToTheChosenVersion) {
  CatalogueModel model = TwoVersions();
  model.canary = CatalogueModel::Canary{"11", 0.5};
  const Catalogue catalogue = CatalogueOf(std::move(model));
  for (int i = 0; i < 50; ++i) EXPECT_EQ(PickedOf(catalogue, ""), "10");
}

TEST(CatalogueTest, TheNextCatalogueGoesOnWithTheCountOfTheLastOne) {
  CatalogueModel model = TwoVersions();
  model.chosen = "2";
  model.canary = CatalogueModel::Canary{"10", 0.5};
  std::multiset<std::string> picked;
  for (int i = 0; i < 100; ++i) picked.insert(PickedOf(CatalogueOf(model), ""));
  EXPECT_GE(picked.count("10"), 45u);
  EXPECT_LE(picked.count("10"), 55u);
}

TEST(CatalogueTest, APlanHoldsTheVersionWithItsHandlerOfTheFormat) {
  const serve::Endpoint endpoint;
  const auto echo = EchoModel(kSpecs, "2");
  Catalogue catalogue = CatalogueOf(ModelOfVersions("m", {echo}, &endpoint));
  Result<Plan> infer = catalogue.PlanFor("m", "2", BodyFormat::kInfer);
  const Result<Plan> predict = catalogue.PlanFor("m", "", BodyFormat::kPlain);
  ASSERT_TRUE(infer);
  ASSERT_TRUE(predict);
  EXPECT_EQ(infer->endpoint, &endpoint);
  EXPECT_EQ(infer->handler, infer->version->infer.get());
  EXPECT_EQ(infer->format, BodyFormat::kInfer);
  EXPECT_EQ(infer->asked_version, "2");
  EXPECT_EQ(predict->handler, predict->version->predict.get());
  EXPECT_EQ(predict->asked_version, "");
  EXPECT_EQ(catalogue.PlanFor("m", "", BodyFormat::kGrpc)->handler, nullptr);

  catalogue = Catalogue();
  FakeContext context;
  const std::string body =
      Padded(R"({"inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":[1]}]})");
  EXPECT_FALSE(infer->handler->Handle({body}, context).error) << "the plan keeps it";
  EXPECT_EQ(echo->runs(), 1);
}

TEST(CatalogueTest, AVersionKeepsItsOwnBooks) {
  const Catalogue catalogue = CatalogueOf(TwoVersions());
  const Result<Plan> plan = catalogue.PlanFor("m", "2", BodyFormat::kInfer);
  ASSERT_TRUE(plan);
  FakeContext context;
  const std::string body =
      Padded(R"({"inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":[1]}]})");
  EXPECT_FALSE(plan->handler->Handle({body}, context).error);
  EXPECT_EQ((*catalogue.Pick("m", "2"))->books.Totals().executions, 1u);
  EXPECT_EQ((*catalogue.Pick("m", "10"))->books.Totals().executions, 0u);
}

}  // namespace
}  // namespace baton::api
