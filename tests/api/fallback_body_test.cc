// Marking of fallbacks, whatever their body already says.
#include "server/api/fallback_body.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/api/json.h"

namespace baton::api {
namespace {

using testing::HasSubstr;

constexpr std::string_view kId = R"("r-\u00e9\"7")";
constexpr BodyFormat kInfer = BodyFormat::kInfer;

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
    EXPECT_EQ(FallbackBody(row.stored, kId, kInfer), row.with_id);
    EXPECT_EQ(FallbackBody(row.stored, {}, kInfer), row.without_id);
    EXPECT_TRUE(ParseJsonObject(row.with_id)) << row.with_id;
  }
}

TEST(FallbackBodyTest, ParametersThatAreThereAreKept) {
  EXPECT_EQ(
      FallbackBody(
          R"({"a":[1,-2.5,null,true,"x\n",{}],"parameters":{"p":18446744073709551615,"degraded":false},"b":{}})",
          R"("q")", kInfer),
      R"({"id":"q","parameters":{"degraded":true,"p":18446744073709551615},)"
      R"("a":[1,-2.5,null,true,"x\n",{}],"b":{}})");
  EXPECT_EQ(FallbackBody(R"({"parameters":null})", {}, kInfer),
            R"({"parameters":{"degraded":true}})");
}

TEST(FallbackBodyTest, WhatIsNoOpenInferenceAnswerStaysAsItIs) {
  for (const std::string stored : {" { \"id\" : 1 }\n", "{}", R"({"parameters":{}})"}) {
    EXPECT_EQ(FallbackBody(stored, kId, BodyFormat::kPlain), stored);
  }
}

TEST(FallbackBodyTest, AMarkedAnswerTakesTheIdOfEachRequest) {
  const std::string marked = FallbackBody(R"({"id":"old","outputs":[]})", {}, kInfer);
  EXPECT_EQ(WithId(marked, kId, kInfer), FallbackBody(R"({"outputs":[]})", kId, kInfer));
  EXPECT_EQ(WithId(marked, {}, kInfer), marked);
  EXPECT_EQ(WithId(R"({"predictions":[]})", kId, BodyFormat::kPlain), R"({"predictions":[]})");
}

// model_name "m"; the parameter and the id are what Protocol Buffers' own encoder writes.
constexpr std::string_view kGrpcAnswer = "\x0a\x01m";
constexpr std::string_view kGrpcDegraded =
    "\x22\x0e\x0a\x08"
    "degraded"
    "\x12\x02\x08\x01";

TEST(FallbackBodyTest, ASerializedAnswerIsMarkedByWhatComesBehindIt) {
  const std::string answer(kGrpcAnswer);
  EXPECT_EQ(FallbackBody(answer, {}, BodyFormat::kGrpc), answer + std::string(kGrpcDegraded));
  EXPECT_EQ(FallbackBody(answer, "r-7", BodyFormat::kGrpc),
            answer + "\x1a\x03r-7" + std::string(kGrpcDegraded));
  EXPECT_EQ(FallbackBody({}, {}, BodyFormat::kGrpc), kGrpcDegraded);
}

TEST(FallbackBodyTest, ALongIdOfASerializedAnswerHasItsLengthInTwoBytes) {
  const std::string answer(kGrpcAnswer);
  const std::string id(300, 'x');
  EXPECT_EQ(WithId(answer, std::string(127, 'x'), BodyFormat::kGrpc),
            answer + "\x1a\x7f" + std::string(127, 'x'));
  EXPECT_EQ(WithId(answer, id, BodyFormat::kGrpc), answer + "\x1a\xac\x02" + id);
}

TEST(FallbackBodyTest, AMarkedSerializedAnswerTakesTheIdOfEachRequest) {
  const std::string marked = FallbackBody(kGrpcAnswer, {}, BodyFormat::kGrpc);
  EXPECT_EQ(WithId(marked, "q", BodyFormat::kGrpc), marked + "\x1a\x01q");
  EXPECT_EQ(WithId(marked, {}, BodyFormat::kGrpc), marked);
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
