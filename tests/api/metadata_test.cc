// Health and metadata bodies.
#include "server/api/metadata.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/api/fake_model.h"

namespace baton::api {
namespace {

using testing::HasSubstr;

models::ModelVersions TwoVersions() {
  const models::TensorSpec first{"x", models::DataType::kFp32, {-1, 30}};
  const models::TensorSpec second{"label", models::DataType::kBytes, {}};
  return VersionsOf("m", {EchoModel({first}, "2"), EchoModel({first, second}, "10")});
}

TEST(MetadataTest, ServerBodies) {
  EXPECT_EQ(ServerMetadata(),
            R"({"name":"baton","version":")" BATON_VERSION R"(","extensions":[]})");
  EXPECT_EQ(ServerLive(), R"({"live":true})");
  EXPECT_EQ(ServerReady(true), R"({"ready":true})");
  EXPECT_EQ(ServerReady(false), R"({"ready":false})");
}

TEST(MetadataTest, AModelIsDescribedByItsLatestVersionUnlessOneIsNamed) {
  const models::ModelVersions versions = TwoVersions();
  const std::string x = R"({"name":"x","datatype":"FP32","shape":[-1,30]})";
  const std::string both = "[" + x + R"(,{"name":"label","datatype":"BYTES","shape":[]}])";
  const std::string head =
      R"({"name":"m","versions":["2","10"],"platform":"fake_platform","inputs":)";
  EXPECT_EQ(ModelMetadata(versions, "").value(), head + both + R"(,"outputs":)" + both + "}");
  EXPECT_EQ(ModelMetadata(versions, "2").value(), head + "[" + x + R"(],"outputs":[)" + x + "]}");
}

TEST(MetadataTest, ReadinessNamesTheModel) {
  EXPECT_EQ(ModelReady(TwoVersions(), "").value(), R"({"name":"m","ready":true})");
  EXPECT_EQ(ModelReady(TwoVersions(), "10").value(), R"({"name":"m","ready":true})");
}

TEST(MetadataTest, AnUnknownVersionIsNotFoundAndTheErrorListsThoseThereAre) {
  const models::ModelVersions versions = TwoVersions();
  for (const Error& error :
       {ModelMetadata(versions, "3").error(), ModelReady(versions, "3").error()}) {
    EXPECT_EQ(error.code, ErrorCode::kNotFound);
    EXPECT_EQ(error.message, "model 'm' has no version '3', expected one of 2, 10");
  }
}

}  // namespace
}  // namespace baton::api
