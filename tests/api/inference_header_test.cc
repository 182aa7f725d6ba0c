// Where a body says that its JSON ends.
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
  const auto checked = ReadInferenceHeader(WithBody(RequestWith(headers)), false);
  return checked ? std::optional<Error>() : checked.error();
}

TEST(InferenceHeaderTest, WithoutItTheBodyIsAllJson) { EXPECT_FALSE(FaultOf({})); }

TEST(InferenceHeaderTest, B9_WithoutItNoSizeIsSaid) {
  EXPECT_EQ(ReadInferenceHeader(WithBody(RequestWith({})), false).value(), std::nullopt);
}

TEST(InferenceHeaderTest, B1_ItNamesAnyPartOfTheBodyInAnyCase) {
  for (const std::size_t said : {0U, 1U, 10U}) {
    for (const char* name : {kName, "inference-header-content-length"}) {
      const auto request = WithBody(RequestWith({{name, std::to_string(said)}}));
      EXPECT_EQ(ReadInferenceHeader(request, false).value(), said);
    }
  }
}

TEST(InferenceHeaderTest, WhatIsLargerThanTheBodyIsAFault) {
  for (const char* value : {"11", "99999999999"}) {
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
      const auto checked = ReadInferenceHeader(WithBody(RequestWith({{kName, value}})), is_gzip);
      ASSERT_FALSE(checked) << value;
      EXPECT_EQ(checked.error().code, ErrorCode::kInvalidArgument);
      EXPECT_EQ(checked.error().field, kName);
      EXPECT_THAT(checked.error().message, HasSubstr("'" + std::string(value) + "'"));
    }
  }
}

TEST(InferenceHeaderTest, TwiceIsAFaultWhateverItSays) {
  EXPECT_TRUE(FaultOf({{kName, "10"}, {kName, "10"}}));
}

TEST(InferenceHeaderTest, OfABodyThatIsGzipItIsKeptForWhatThatExpandsTo) {
  EXPECT_EQ(ReadInferenceHeader(WithBody(RequestWith({{kName, "4000"}})), true).value(), 4000u);
  EXPECT_EQ(ReadInferenceHeader(WithBody(RequestWith({})), true).value(), std::nullopt);
}

}  // namespace
}  // namespace baton::api
