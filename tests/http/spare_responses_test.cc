// What becomes of responses between two answers.
#include "server/http/spare_responses.h"

#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace baton::http {
namespace {

Response Filled(std::size_t bytes) {
  Response response;
  response.status = 503;
  response.content_type = "text/plain";
  response.headers = "A: b\r\n";
  response.body = std::string(bytes, 'x');
  return response;
}

TEST(SpareResponsesTest, WhatIsKeptIsTheResponseAndWhatIsLeftIsEmpty) {
  SpareResponses spare;
  Response response = Filled(1000);
  const auto kept = spare.Keep(std::move(response));
  EXPECT_EQ(kept->status, 503);
  EXPECT_EQ(kept->body, std::string(1000, 'x'));
  EXPECT_EQ(response.status, 200);  // NOLINT(bugprone-use-after-move): as it is said to be left
  EXPECT_EQ(response.headers, "");
  EXPECT_EQ(response.body, "");
}

TEST(SpareResponsesTest, ItsBuffersGoToTheNextOneThatIsAsGoodAsNew) {
  SpareResponses spare;
  Response response = Filled(1000);
  spare.GiveBack(spare.Keep(std::move(response)));
  EXPECT_EQ(spare.size(), 1u);
  Response next = Filled(0);
  const auto kept = spare.Keep(std::move(next));
  EXPECT_EQ(spare.size(), 0u);
  EXPECT_EQ(next.status, 200);  // NOLINT(bugprone-use-after-move): as it is said to be left
  EXPECT_EQ(next.content_type, Response().content_type);
  EXPECT_EQ(next.headers, "");
  EXPECT_EQ(next.body, "");
  EXPECT_GE(next.body.capacity(), 1000u);
}

TEST(SpareResponsesTest, LargeBuffersAreFreedAndNoMoreThanItsBoundIsKept) {
  SpareResponses spare;
  Response large = Filled(SpareResponses::kKeptBufferBytes + 1);
  spare.GiveBack(spare.Keep(std::move(large)));
  Response next;
  spare.Keep(std::move(next));
  EXPECT_EQ(next.body.capacity(), std::string().capacity());  // NOLINT(bugprone-use-after-move)
  for (std::size_t i = 0; i < SpareResponses::kKept + 2; ++i) {
    spare.GiveBack(std::make_unique<Response>());
  }
  EXPECT_EQ(spare.size(), SpareResponses::kKept);
}

}  // namespace
}  // namespace baton::http
