// Where a body says that its JSON ends: only at its own end, so far.
#include "server/api/inference_header.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/make_request.h"

namespace baton::api {
namespace {

using http::RequestWith;

using testing::HasSubstr;

constexpr char kName[] = "Inference-Header-Content-Length";

http::Request WithBody(http::Request request) {
  request.body = "0123456789";
  return request;
}

std::optional<Error> FaultOf(const std::vector<std::pair<std::string, std::string>>& headers) {
  const auto checked = CheckInferenceHeader(WithBody(RequestWith(headers)), false);
  return checked ? std::optional<Error>() : checked.error();
}

TEST(InferenceHeaderTest, WithoutItTheBodyIsAllJson) { EXPECT_FALSE(FaultOf({})); }

TEST(InferenceHeaderTest, ItMayNameTheWholeBodyInAnyCase) {
  EXPECT_FALSE(FaultOf({{kName, "10"}}));
  EXPECT_FALSE(FaultOf({{"inference-header-content-length", "10"}}));
}

TEST(InferenceHeaderTest, WhatIsNotTheBodysSizeIsAFault) {
  for (const char* value : {"0", "9", "11", "99999999999"}) {
    const auto fault = FaultOf({{kName, value}});
    ASSERT_TRUE(fault) << value;
    EXPECT_EQ(fault->code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(fault->field, kName);
    EXPECT_THAT(fault->message, HasSubstr("10)"));
    EXPECT_THAT(fault->message, HasSubstr("'" + std::string(value) + "'"));
  }
}

TEST(InferenceHeaderTest, WhatIsNoSizeIsAFaultOfAnyBody) {
  for (const char* value :
       {"", "-1", "+10", "10.0", "1e1", "0x0a", "10 10", "10,10", "ten", "18446744073709551626"}) {
    for (const bool is_gzip : {false, true}) {
      const auto checked = CheckInferenceHeader(WithBody(RequestWith({{kName, value}})), is_gzip);
      ASSERT_FALSE(checked) << value;
      EXPECT_EQ(checked.error().code, ErrorCode::kInvalidArgument);
      EXPECT_EQ(checked.error().field, kName);
      EXPECT_THAT(checked.error().message, HasSubstr("'" + std::string(value) + "'"));
    }
  }
}

TEST(InferenceHeaderTest, ABinaryPartIsSaidToBeUnsupported) {
  EXPECT_THAT(FaultOf({{kName, "4"}})->message, HasSubstr("binary tensors are not served"));
}

TEST(InferenceHeaderTest, TwiceIsAFaultWhateverItSays) {
  EXPECT_TRUE(FaultOf({{kName, "10"}, {kName, "10"}}));
}

TEST(InferenceHeaderTest, OfABodyThatIsGzipItIsKeptForWhatThatExpandsTo) {
  EXPECT_EQ(CheckInferenceHeader(WithBody(RequestWith({{kName, "4000"}})), true).value(), 4000u);
  EXPECT_EQ(CheckInferenceHeader(WithBody(RequestWith({})), true).value(), std::nullopt);
}

}  // namespace
}  // namespace baton::api
