// Error bodies and statuses.
#include "server/api/error_body.h"

#include <gtest/gtest.h>

#include "server/api/bad_input.h"

namespace baton::api {
namespace {

TEST(ErrorBodyTest, IsJsonWhateverTheMessageHolds) {
  EXPECT_EQ(ErrorBody("no such thing"), R"({"error":"no such thing"})");
  EXPECT_EQ(ErrorBody("bad \"x\"\n", "inputs[0].data"),
            R"({"error":"bad \"x\"\n","field":"inputs[0].data"})");
  EXPECT_EQ(ErrorBody("\xff"), "{\"error\":\"\xef\xbf\xbd\"}");
}

TEST(ErrorBodyTest, EveryCodeHasItsStatus) {
  const std::vector<std::pair<ErrorCode, int>> table = {
      {ErrorCode::kInvalidArgument, 400},   {ErrorCode::kNotFound, 404},
      {ErrorCode::kAlreadyExists, 409},     {ErrorCode::kFailedPrecondition, 409},
      {ErrorCode::kAborted, 409},           {ErrorCode::kTooLarge, 413},
      {ErrorCode::kUnsupported, 415},       {ErrorCode::kInternal, 500},
      {ErrorCode::kResourceExhausted, 503}, {ErrorCode::kUnavailable, 503},
      {ErrorCode::kDeadlineExceeded, 504},
  };
  for (const auto& [code, status] : table) EXPECT_EQ(HttpStatusOf(code), status);
}

TEST(QuotedTest, LongTextIsCutAtACodePoint) {
  EXPECT_EQ(Quoted("abc"), "'abc'");
  const std::string text = std::string(63, 'a') + "\xc3\xa9\xc3\xa9";
  EXPECT_EQ(Quoted(text), "'" + std::string(63, 'a') + "...'");
}

}  // namespace
}  // namespace baton::api
