// Where a body says that its JSON ends: only at its own end, so far.
#include "server/api/inference_header.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/api/make_request.h"

namespace baton::api {
namespace {

using testing::HasSubstr;

constexpr char kName[] = "Inference-Header-Content-Length";

http::Request WithBody(http::Request request) {
  request.body = "0123456789";
  return request;
}

TEST(InferenceHeaderTest, WithoutItTheBodyIsAllJson) {
  EXPECT_FALSE(FaultOfInferenceHeader(WithBody(RequestWith({}))));
}

TEST(InferenceHeaderTest, ItMayNameTheWholeBodyInAnyCase) {
  EXPECT_FALSE(FaultOfInferenceHeader(WithBody(RequestWith({{kName, "10"}}))));
  EXPECT_FALSE(
      FaultOfInferenceHeader(WithBody(RequestWith({{"inference-header-content-length", "10"}}))));
}

TEST(InferenceHeaderTest, WhatIsNotTheBodysSizeIsAFault) {
  for (const char* value : {"", "0", "9", "11", "-1", "+10", "10.0", "1e1", "0x0a", "10 10",
                            "10,10", "ten", "99999999999", "18446744073709551626"}) {
    const auto fault = FaultOfInferenceHeader(WithBody(RequestWith({{kName, value}})));
    ASSERT_TRUE(fault) << value;
    EXPECT_EQ(fault->code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(fault->field, kName);
    EXPECT_THAT(fault->message, HasSubstr("10)"));
    EXPECT_THAT(fault->message, HasSubstr("'" + std::string(value) + "'"));
  }
}

TEST(InferenceHeaderTest, ABinaryPartIsSaidToBeUnsupported) {
  const auto fault = FaultOfInferenceHeader(WithBody(RequestWith({{kName, "4"}})));
  ASSERT_TRUE(fault);
  EXPECT_THAT(fault->message, HasSubstr("binary tensors are not served"));
}

TEST(InferenceHeaderTest, TwiceIsAFaultWhateverItSays) {
  EXPECT_TRUE(FaultOfInferenceHeader(WithBody(RequestWith({{kName, "10"}, {kName, "10"}}))));
}

}  // namespace
}  // namespace baton::api
