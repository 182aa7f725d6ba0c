// Declared JSON constants in the protocol's gRPC form.
#include "inference/grpc_service.pb.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/api/fallback_body.h"
#include "server/api/grpc/infer_codec.h"

namespace baton::api {
namespace {

using testing::ElementsAre;

TEST(GrpcConstantTest, OutputsOfTheProtocolBecomeAMessage) {
  const auto message = GrpcConstant(
      R"({"model_name":"m","outputs":[{"name":"y","datatype":"INT32","shape":[2],"data":[1,2]}]})");
  ASSERT_TRUE(message);
  inference::ModelInferResponse response;
  ASSERT_TRUE(response.ParseFromString(*message));
  EXPECT_EQ(response.model_name(), "m");
  EXPECT_EQ(response.outputs(0).name(), "y");
  EXPECT_THAT(response.outputs(0).shape(), ElementsAre(2));
  EXPECT_EQ(response.raw_output_contents(0), std::string("\1\0\0\0\2\0\0\0", 8));
}

TEST(GrpcConstantTest, MarkedItIsDegradedAndRepeatsTheId) {
  const auto message = GrpcConstant(R"({"outputs":[]})");
  ASSERT_TRUE(message);
  inference::ModelInferResponse response;
  ASSERT_TRUE(response.ParseFromString(FallbackBody(*message, "17", BodyFormat::kGrpc)));
  EXPECT_EQ(response.id(), "17");
  EXPECT_TRUE(response.parameters().at("degraded").bool_param());
}

TEST(GrpcConstantTest, WhatHasNoOutputsThatDecodeHasNoSuchForm) {
  for (const char* json :
       {R"({"answer":42})", R"([1])", R"({"outputs":5})", R"({"outputs":[5]})",
        R"({"outputs":[{"name":"y","datatype":"FP32","shape":[2]}]})",
        R"({"outputs":[{"name":"y","datatype":"FP32","shape":[2],"data":[1]}]})",
        R"({"outputs":[{"name":"y","datatype":"FP16","shape":[1],"data":[1]}]})",
        R"({"outputs":[{"name":"y","datatype":"FP32","shape":[-1],"data":[1]}]})",
        R"({"outputs":[{"name":1,"datatype":"FP32","shape":[1],"data":[1]}]})"}) {
    EXPECT_FALSE(GrpcConstant(json)) << json;
  }
}

}  // namespace
}  // namespace baton::api
