// Health and metadata bodies.
#include "server/api/metadata.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/api/fake_model.h"

namespace baton::api {
namespace {

using testing::HasSubstr;

Catalogue TwoVersions() {
  const models::TensorSpec first{"x", models::DataType::kFp32, {-1, 30}};
  const models::TensorSpec second{"label", models::DataType::kBytes, {}};
  return CatalogueOf(
      ModelOfVersions("echo", {EchoModel({first}, "2"), EchoModel({first, second}, "10")}));
}

TEST(MetadataTest, ServerBodies) {
  EXPECT_EQ(ServerMetadata(),
            R"({"name":"baton","version":")" BATON_VERSION R"(","extensions":)"
            R"(["binary_tensor_data","classification","model_configuration","model_repository",)"
            R"("parameters","schedule_policy","statistics"]})");
  EXPECT_EQ(ServerLive(), R"({"live":true})");
  EXPECT_EQ(ServerReady(true), R"({"ready":true})");
  EXPECT_EQ(ServerReady(false), R"({"ready":false})");
}

TEST(MetadataTest, AModelIsDescribedByItsChosenVersionUnlessOneIsNamed) {
  const Catalogue catalogue = TwoVersions();
  const std::string x = R"({"name":"x","datatype":"FP32","shape":[-1,30]})";
  const std::string both = "[" + x + R"(,{"name":"label","datatype":"BYTES","shape":[]}])";
  const std::string head =
      R"({"name":"echo","versions":["2","10"],"platform":"fake_platform","inputs":)";
  EXPECT_EQ(ModelMetadata(catalogue, "echo", "").value(),
            head + both + R"(,"outputs":)" + both + "}");
  EXPECT_EQ(ModelMetadata(catalogue, "echo", "2").value(),
            head + "[" + x + R"(],"outputs":[)" + x + "]}");
}

TEST(MetadataTest, ReadinessNamesTheModel) {
  EXPECT_EQ(ModelReady("m", true), R"({"name":"m","ready":true})");
  EXPECT_EQ(ModelReady("m", false), R"({"name":"m","ready":false})");
}

TEST(MetadataTest, AnUnknownVersionIsNotFoundAndTheErrorListsThoseThereAre) {
  const Catalogue catalogue = TwoVersions();
  const Error error = ModelMetadata(catalogue, "echo", "3").error();
  EXPECT_EQ(error.code, ErrorCode::kNotFound);
  EXPECT_EQ(error.message, "model 'echo' has no version '3', expected one of 2, 10");
}

}  // namespace
}  // namespace baton::api
