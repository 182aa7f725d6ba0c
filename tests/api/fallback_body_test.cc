// Marking of fallbacks, whatever their body already says.
#include "server/api/fallback_body.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/api/json.h"

namespace baton::api {
namespace {

using testing::HasSubstr;

constexpr std::string_view kId = R"("r-\u00e9\"7")";

TEST(FallbackBodyTest, AMarkAndTheRequestsIdComeFirst) {
  struct Row {
    std::string stored;
    std::string with_id;
    std::string without_id;
  };
  const std::string mark = R"("parameters":{"degraded":true})";
  const std::string id = R"("id":)" + std::string(kId) + ",";
  const std::vector<Row> table = {
      {R"({"a":1.50})", "{" + id + mark + R"(,"a":1.50})", "{" + mark + R"(,"a":1.50})"},
      {" \n{ \"a\" : 1 } ", "{" + id + mark + ", \"a\" : 1 } ", "{" + mark + ", \"a\" : 1 } "},
      {"{}", "{" + id + mark + "}", "{" + mark + "}"},
      {"\t{ \r\n}", "{" + id + mark + " \r\n}", "{" + mark + " \r\n}"},
      {R"({"id":"old","a":1})", "{" + id + mark + R"(,"a":1})", "{" + mark + R"(,"a":1})"},
      {R"({"i\u0064":"old"})", "{" + id + mark + "}", "{" + mark + "}"},
      {R"({"outputs":[{"name":"id","parameters":{}}]})",
       "{" + id + mark + R"(,"outputs":[{"name":"id","parameters":{}}]})",
       "{" + mark + R"(,"outputs":[{"name":"id","parameters":{}}]})"},
  };
  for (const Row& row : table) {
    EXPECT_EQ(FallbackBody(row.stored, kId, true), row.with_id);
    EXPECT_EQ(FallbackBody(row.stored, {}, true), row.without_id);
    EXPECT_TRUE(ParseJsonObject(row.with_id)) << row.with_id;
  }
}

TEST(FallbackBodyTest, ParametersThatAreThereAreKept) {
  EXPECT_EQ(
      FallbackBody(
          R"({"a":[1,-2.5,null,true,"x\n",{}],"parameters":{"p":18446744073709551615,"degraded":false},"b":{}})",
          R"("q")", true),
      R"({"id":"q","parameters":{"degraded":true,"p":18446744073709551615},)"
      R"("a":[1,-2.5,null,true,"x\n",{}],"b":{}})");
  EXPECT_EQ(FallbackBody(R"({"parameters":null})", {}, true),
            R"({"parameters":{"degraded":true}})");
}

TEST(FallbackBodyTest, WhatIsNoOpenInferenceAnswerStaysAsItIs) {
  for (const std::string stored : {" { \"id\" : 1 }\n", "{}", R"({"parameters":{}})"}) {
    EXPECT_EQ(FallbackBody(stored, kId, false), stored);
  }
}

TEST(FallbackBodyTest, AMarkedAnswerTakesTheIdOfEachRequest) {
  const std::string marked = FallbackBody(R"({"id":"old","outputs":[]})", {}, true);
  EXPECT_EQ(WithId(marked, kId, true), FallbackBody(R"({"outputs":[]})", kId, true));
  EXPECT_EQ(WithId(marked, {}, true), marked);
  EXPECT_EQ(WithId(R"({"predictions":[]})", kId, false), R"({"predictions":[]})");
}

TEST(FallbackBodyTest, AConstantIsAJsonObject) {
  EXPECT_TRUE(CheckFallbackConstant("{}"));
  EXPECT_TRUE(CheckFallbackConstant(R"( {"predictions": [1, 2.5]} )"));
  const std::vector<std::pair<std::string, std::string>> table = {
      {"", "fallback.constant is no JSON object: the body is empty"},
      {"[]", "expected a JSON object, got an array of 0"},
      {"7", "expected a JSON object, got 7"},
      {R"({"a":)", "no valid JSON: malformed at its end (byte 5)"},
      {R"({"a":1,"a":2})", "the key 'a' comes twice"},
      {"{\"a\":\"\xff\"}", "not UTF-8"},
  };
  for (const auto& [text, message] : table) {
    const Status status = CheckFallbackConstant(text);
    ASSERT_FALSE(status) << text;
    EXPECT_EQ(status.error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(status.error().field, "fallback.constant");
    EXPECT_THAT(status.error().message, HasSubstr(message));
  }
}

TEST(FallbackBodyTest, AConstantHasABoundedSize) {
  const auto text = [](std::size_t size) {
    return R"({"a":")" + std::string(size - 8, 'x') + R"("})";
  };
  EXPECT_TRUE(CheckFallbackConstant(text(kMaxFallbackConstantBytes)));
  const Status status = CheckFallbackConstant(text(kMaxFallbackConstantBytes + 1));
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(status.error().field, "fallback.constant");
  EXPECT_EQ(status.error().message, "fallback.constant: expected at most 65536 bytes, got 65537");
}

}  // namespace
}  // namespace baton::api
