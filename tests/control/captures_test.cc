// Captures: what is kept, how much of it, and when it ends.
#include "server/control/captures.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace baton::control {
namespace {

using testing::HasSubstr;

constexpr SteadyTime kStart = SteadyTime() + 1000s;
constexpr std::size_t kHead = 100;

class CapturesTest : public testing::Test {
 protected:
  std::unique_ptr<CaptureReader> Begin(const CaptureAsk& ask = {}) {
    auto begun = captures_.Begin(ask, "olga", kStart, [this] { ++told_; });
    EXPECT_TRUE(begun) << begun.error().message;
    return *std::move(begun);
  }
  // A request comes. False: there is no place for it.
  bool Come(const std::string& endpoint = "tumour", std::size_t body = 10) {
    const auto place = captures_.TakePlace(endpoint, kHead, body);
    if (!place) return false;
    CapturedRequest request;
    request.capture = place->capture;
    request.endpoint = endpoint;
    request.body = std::string(place->body_bytes, 'x');
    request.body_bytes = body;
    open_.push_back(std::move(request));
    return true;
  }
  // The one that came first is answered.
  void Answer() {
    captures_.Add(std::move(open_.front()));
    open_.pop_front();
  }
  CaptureEnd EndAt(Duration after, CaptureReader& reader, bool is_draining = false) {
    captures_.Look(kStart + after, is_draining);
    return reader.Take(1 << 20).progress.ended;
  }

  Captures captures_;
  std::deque<CapturedRequest> open_;
  int told_ = 0;
};

TEST_F(CapturesTest, NothingHasAPlaceWhileNoneRuns) {
  EXPECT_FALSE(captures_.IsRunning());
  EXPECT_FALSE(Come());
  {
    const auto reader = Begin();
    EXPECT_TRUE(captures_.IsRunning());
    EXPECT_TRUE(Come());
  }
  EXPECT_FALSE(captures_.IsRunning());
  EXPECT_FALSE(Come());
}

TEST_F(CapturesTest, RequestsAreReadInTheOrderOfTheirAnswersAndOnce) {
  const auto reader = Begin();
  ASSERT_TRUE(Come("a") && Come("b"));
  std::swap(open_[0], open_[1]);
  EXPECT_TRUE(reader->Take(1 << 20).requests.empty());
  Answer();
  Answer();
  const auto news = reader->Take(1 << 20);
  ASSERT_EQ(news.requests.size(), 2u);
  EXPECT_EQ(news.requests[0].endpoint, "b");
  EXPECT_EQ(news.requests[1].endpoint, "a");
  EXPECT_EQ(news.progress.kept, 2u);
  EXPECT_TRUE(reader->Take(1 << 20).requests.empty());
}

TEST_F(CapturesTest, OnlyTheEndpointThatIsAskedForIsKeptAndOthersAreNotCounted) {
  CaptureAsk ask;
  ask.endpoint = "tumour";
  const auto reader = Begin(ask);
  EXPECT_FALSE(Come("digits"));
  EXPECT_TRUE(Come("tumour"));
  EXPECT_EQ(reader->Take(0).progress.left_out, 0u);
}

TEST_F(CapturesTest, ABodyIsKeptAsFarAsAsked) {
  CaptureAsk ask;
  ask.most_body_bytes = 4;
  const auto reader = Begin(ask);
  ASSERT_TRUE(Come("tumour", 1000));
  Answer();
  const auto news = reader->Take(1 << 20);
  EXPECT_EQ(news.requests.at(0).body.size(), 4u);
  EXPECT_EQ(news.requests.at(0).body_bytes, 1000u);
}

TEST_F(CapturesTest, ItEndsWithItsTimeAndSaysWhoHadNoAnswerYet) {
  const auto reader = Begin();
  ASSERT_TRUE(Come());
  EXPECT_EQ(EndAt(30s - 1ms, *reader), CaptureEnd::kNone);
  EXPECT_EQ(told_, 0);
  EXPECT_EQ(EndAt(30s, *reader), CaptureEnd::kDuration);
  EXPECT_EQ(told_, 1);
  EXPECT_EQ(reader->Take(0).progress.unanswered, 1u);
  EXPECT_FALSE(captures_.IsRunning());
  EXPECT_FALSE(Come());
  Answer();  // too late
  EXPECT_EQ(reader->Take(1 << 20).progress.kept, 0u);
}

TEST_F(CapturesTest, WhatIsFullCountsWhoElseComesAndEndsWhenTheLastIsAnswered) {
  CaptureAsk ask;
  ask.most_requests = 2;
  const auto reader = Begin(ask);
  EXPECT_TRUE(Come());
  EXPECT_TRUE(Come());
  EXPECT_FALSE(Come());
  Answer();
  EXPECT_EQ(EndAt(1s, *reader), CaptureEnd::kNone);
  Answer();
  EXPECT_EQ(EndAt(1s, *reader), CaptureEnd::kRequests);
  const CaptureProgress progress = reader->Take(0).progress;
  EXPECT_EQ(progress.kept, 2u);
  EXPECT_EQ(progress.left_out, 1u);
  EXPECT_EQ(progress.unanswered, 0u);
}

// Whether they are answered, or read, or not.
TEST_F(CapturesTest, NeverMoreThanItsBytesHavePlaces) {
  CaptureAsk ask;
  ask.most_bytes = 4096;
  const auto reader = Begin(ask);
  std::size_t places = 0;
  while (Come("tumour", 50)) ++places;
  EXPECT_EQ(places, 4096 / (kHead + 50));
  EXPECT_FALSE(Come("tumour", 0));  // it is full, and stays so
  for (std::size_t i = 0; i < places; ++i) Answer();
  EXPECT_EQ(EndAt(0s, *reader), CaptureEnd::kBytes);
}

TEST_F(CapturesTest, ADrainEndsIt) {
  const auto reader = Begin();
  EXPECT_EQ(EndAt(0s, *reader, true), CaptureEnd::kDraining);
}

TEST_F(CapturesTest, OneRunsAtATimeAndTheNextIsToldWhose) {
  auto reader = Begin();
  ASSERT_TRUE(Come());
  const auto second = captures_.Begin({}, "vera", kStart + 10s, [] {});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kResourceExhausted);
  EXPECT_THAT(second.error().message, HasSubstr("that of olga does, for at most 20s more"));
  reader.reset();
  const auto third = captures_.Begin({}, "vera", kStart, [] {});
  ASSERT_TRUE(third);
  Answer();  // a place of the first
  EXPECT_TRUE((*third)->Take(1 << 20).requests.empty());
}

TEST_F(CapturesTest, AReaderTakesSomeAtATimeAndTheEndComesWithTheLast) {
  const auto reader = Begin();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(Come("tumour", 1000));
  for (int i = 0; i < 3; ++i) Answer();
  captures_.Look(kStart + 30s, false);
  EXPECT_EQ(reader->Take(1).requests.size(), 1u);
  EXPECT_EQ(reader->Take(0).progress.ended, CaptureEnd::kNone);
  const auto rest = reader->Take(1 << 20);
  EXPECT_EQ(rest.requests.size(), 2u);
  EXPECT_EQ(rest.progress.ended, CaptureEnd::kDuration);
}

TEST_F(CapturesTest, WhatNobodyMayAskForIsRefusedWithItsField) {
  const auto field_of = [this](auto&& spoil) {
    CaptureAsk ask;
    spoil(ask);
    const auto begun = captures_.Begin(ask, "olga", kStart, [] {});
    return begun ? "" : begun.error().field;
  };
  EXPECT_EQ(field_of([](auto& ask) { ask.duration = 99ms; }), "duration_ms");
  EXPECT_EQ(field_of([](auto& ask) { ask.duration = 10min + 1ms; }), "duration_ms");
  EXPECT_EQ(field_of([](auto& ask) { ask.most_requests = 0; }), "max_requests");
  EXPECT_EQ(field_of([](auto& ask) { ask.most_requests = 10'001; }), "max_requests");
  EXPECT_EQ(field_of([](auto& ask) { ask.most_bytes = 4095; }), "max_bytes");
  EXPECT_EQ(field_of([](auto& ask) { ask.most_bytes = (64 << 20) + 1; }), "max_bytes");
  EXPECT_EQ(field_of([](auto& ask) { ask.most_body_bytes = (1 << 20) + 1; }), "max_body_bytes");
  EXPECT_FALSE(captures_.IsRunning());
}

}  // namespace
}  // namespace baton::control
