// A connection's timeouts, each by a clock moved by hand, and the arrival times of its requests.
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/http/session.h"
#include "tests/support/session_harness.h"

namespace baton::http {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using testing_support::Get;
using testing_support::ParseAnswers;
using testing_support::SeenAnswer;
using testing_support::SessionHarness;

constexpr SessionTimeouts kTimeouts;  // the defaults

Session::Options WithoutBodyRate() {
  Session::Options options;
  options.timeouts.body_rate = 0;
  return options;
}

void ExpectRefusedAs408(SessionHarness& harness, std::string_view reason, CloseReason counted) {
  ASSERT_THAT(harness.refusals(), SizeIs(1));
  EXPECT_EQ(harness.refusals()[0].reason, reason);
  const std::vector<SeenAnswer> answers = ParseAnswers(harness.Read());
  ASSERT_THAT(answers, SizeIs(1));
  EXPECT_EQ(answers[0].status, 408);
  EXPECT_TRUE(answers[0].SaysClose());
  EXPECT_TRUE(harness.PeerIsAtEnd());
  harness.HangUp();
  EXPECT_EQ(harness.Closed(counted), 1);
}

TEST(SessionTimeoutsTest, AHeadThatTakesTooLongIsRefused) {
  SessionHarness harness;
  harness.Send("GET / HTTP/1.1\r\n");
  harness.loop().Advance(kTimeouts.head - 1ns);
  EXPECT_THAT(harness.refusals(), IsEmpty());
  harness.loop().Advance(1ns);
  ExpectRefusedAs408(harness, "header_timeout", CloseReason::kHeaderTimeout);
}

TEST(SessionTimeoutsTest, AHeadThatTricklesGetsNoMoreTime) {
  SessionHarness harness;
  harness.Send("GET / HTTP/1.1\r\n");
  for (Duration waited{}; waited < kTimeouts.head; waited += 1s) {
    EXPECT_THAT(harness.refusals(), IsEmpty());
    harness.Send("A: b\r\n");
    harness.loop().Advance(1s);
  }
  ExpectRefusedAs408(harness, "header_timeout", CloseReason::kHeaderTimeout);
}

TEST(SessionTimeoutsTest, ABodyThatTakesTooLongIsRefused) {
  SessionHarness harness(WithoutBodyRate());
  harness.Send("POST / HTTP/1.1\r\nHost: baton\r\n");
  harness.loop().Advance(5s);
  harness.Send("Content-Length: 10\r\n\r\n12345");
  harness.loop().Advance(kTimeouts.body - 1ns);
  EXPECT_THAT(harness.refusals(), IsEmpty());
  harness.loop().Advance(1ns);
  ExpectRefusedAs408(harness, "body_timeout", CloseReason::kBodyTimeout);
}

constexpr char kBodyAhead[] = "POST / HTTP/1.1\r\nHost: baton\r\nContent-Length: 100000\r\n\r\n";

TEST(SessionTimeoutsTest, ABodyThatTricklesIsRefused) {
  SessionHarness harness;
  harness.Send(kBodyAhead);
  const std::size_t allowed = kTimeouts.body_rate;  // bytes that buy a second
  harness.Send(std::string(allowed, 'x'));
  harness.loop().Advance(kTimeouts.body_grace + 1s - 1ns);
  EXPECT_THAT(harness.refusals(), IsEmpty());
  harness.loop().Advance(1ns);
  ExpectRefusedAs408(harness, "body_too_slow", CloseReason::kBodyTooSlow);
}

TEST(SessionTimeoutsTest, WhatCameOfABodyTogetherWithItsHeadCountsToo) {
  SessionHarness harness;
  harness.Send("POST / HTTP/1.1\r\nHost: bat");
  harness.Send("on\r\nContent-Length: 100000\r\n\r\n" + std::string(2 * kTimeouts.body_rate, 'x'));
  harness.loop().Advance(kTimeouts.body_grace + 2s - 1ns);
  EXPECT_THAT(harness.refusals(), IsEmpty());
  harness.loop().Advance(1ns);
  ExpectRefusedAs408(harness, "body_too_slow", CloseReason::kBodyTooSlow);
}

TEST(SessionTimeoutsTest, ABodyThatKeepsItsRateHasAllItsTime) {
  SessionHarness harness;
  harness.Send(kBodyAhead);
  for (Duration waited = 1s; waited < kTimeouts.body; waited += 1s) {
    harness.Send(std::string(kTimeouts.body_rate, 'x'));
    harness.loop().Advance(1s);
    ASSERT_THAT(harness.refusals(), IsEmpty()) << ToSeconds(waited);
  }
  harness.loop().Advance(1s);
  ExpectRefusedAs408(harness, "body_timeout", CloseReason::kBodyTimeout);
}

TEST(SessionTimeoutsTest, ABodyBehindAPendingAnswerIsMeasuredFromThatAnswerOn) {
  SessionHarness harness;
  harness.Send(Get("/0") + kBodyAhead);
  harness.loop().Advance(1h);
  harness.Answer(0, "zero");
  harness.loop().Turn();
  harness.loop().Advance(kTimeouts.body_grace - 1ns);
  EXPECT_THAT(harness.refusals(), IsEmpty());
  harness.loop().Advance(1ns);
  EXPECT_THAT(harness.refusals(), SizeIs(1));
}

TEST(SessionTimeoutsTest, ARequestWhoseBodyIsNotThereInItsTimeIsHandedOverWithoutIt) {
  SessionHarness harness;
  harness.EchoPaths();
  const SteadyTime began = harness.loop().clock().Now();
  harness.SetVerdict({.complete_by = began + 50ms});
  harness.Send(kBodyAhead + std::string("some"));
  harness.loop().Advance(50ms - 1ns);
  EXPECT_THAT(harness.taken(), IsEmpty());
  harness.loop().Advance(1ns);
  ASSERT_THAT(harness.taken(), SizeIs(1));
  EXPECT_EQ(harness.taken()[0].request.arrival, began);
  EXPECT_EQ(harness.taken()[0].request.complete_at, SteadyTime::max());
  EXPECT_THAT(harness.taken()[0].request.body, IsEmpty());
  EXPECT_TRUE(ParseAnswers(harness.Read()).at(0).SaysClose());
  harness.Send(Get("/smuggled"));
  EXPECT_THAT(harness.taken(), SizeIs(1));
  harness.HangUp();
  EXPECT_EQ(harness.Closed(CloseReason::kBudgetSpent), 1);
}

TEST(SessionTimeoutsTest, TheNextRequestHasABudgetOfItsOwn) {
  SessionHarness harness;
  harness.EchoPaths();
  harness.SetVerdict({.complete_by = harness.loop().clock().Now() + 50ms});
  harness.Send("POST /0 HTTP/1.1\r\nHost: baton\r\nContent-Length: 2\r\n\r\n");
  harness.Send("{}");
  harness.SetVerdict({});
  harness.Send(kBodyAhead);
  harness.loop().Advance(1s);
  EXPECT_THAT(harness.refusals(), IsEmpty());
}

TEST(SessionTimeoutsTest, AConnectionWithoutARequestIsClosedInTheEnd) {
  SessionHarness harness;
  harness.loop().Advance(kTimeouts.idle - 1ns);
  EXPECT_FALSE(harness.IsClosed());
  harness.loop().Advance(1ns);
  EXPECT_TRUE(harness.IsClosed());
  EXPECT_EQ(harness.Closed(CloseReason::kIdleTimeout), 1);
  EXPECT_TRUE(harness.PeerIsAtEnd());
}

TEST(SessionTimeoutsTest, AnAnswerStartsTheIdleTimeAnew) {
  SessionHarness harness;
  harness.EchoPaths();
  harness.loop().Advance(kTimeouts.idle - 1s);
  harness.Send(Get("/"));
  harness.loop().Advance(kTimeouts.idle - 1ns);
  EXPECT_FALSE(harness.IsClosed());
  harness.loop().Advance(1ns);
  EXPECT_TRUE(harness.IsClosed());
}

TEST(SessionTimeoutsTest, AnEmptyLineDoesNotStartTheIdleTimeAnew) {
  SessionHarness harness;
  harness.loop().Advance(kTimeouts.idle - 1s);
  harness.Send("\r\n");
  harness.loop().Advance(1s);
  EXPECT_TRUE(harness.IsClosed());
}

TEST(SessionTimeoutsTest, WhileARequestIsUnansweredTheClientMayWaitForEver) {
  SessionHarness harness;
  harness.Send(Get("/"));
  harness.loop().Advance(kTimeouts.idle + kTimeouts.head);
  harness.loop().Advance(24h);
  EXPECT_FALSE(harness.IsClosed());
  harness.Answer(0, "at last");
  EXPECT_EQ(ParseAnswers(harness.Read()).at(0).status, 200);
}

// A connection whose answer the client has not begun to read.
class SessionWriteTimeoutTest : public testing::Test {
 protected:
  void AnswerMuch(std::uint64_t exchange) {
    harness_.Answer(exchange, std::string(1'000'000, 'x'));
    harness_.loop().Turn();
  }

  SessionHarness harness_{{}, /*send_bytes=*/1};
};

TEST_F(SessionWriteTimeoutTest, AClientThatTakesNothingIsCutOff) {
  harness_.Send(Get("/"));
  harness_.Attach(0, 100);
  AnswerMuch(0);
  harness_.loop().Advance(kTimeouts.write - 1ns);
  EXPECT_FALSE(harness_.IsClosed());
  harness_.loop().Advance(1ns);
  EXPECT_TRUE(harness_.IsClosed());
  EXPECT_EQ(harness_.Closed(CloseReason::kWriteTimeout), 1);
  ASSERT_THAT(harness_.sent(), SizeIs(1));
  EXPECT_FALSE(harness_.sent()[0].is_whole);
}

TEST_F(SessionWriteTimeoutTest, EnoughProgressGivesItMoreTime) {
  harness_.Send(Get("/"));
  AnswerMuch(0);
  for (int i = 0; i < 10; ++i) {
    harness_.loop().Advance(kTimeouts.write - 1s);
    for (std::size_t taken = 0; taken < 2 * kTimeouts.write_bytes;) {
      const std::size_t some = harness_.Read().size();
      ASSERT_GT(some, 0u);
      taken += some;
    }
    harness_.loop().Turn();
    ASSERT_FALSE(harness_.IsClosed());
  }
}

TEST_F(SessionWriteTimeoutTest, AClientThatTakesAByteNowAndThenIsCutOff) {
  harness_.Send(Get("/"));
  AnswerMuch(0);
  for (Duration waited{}; waited < kTimeouts.write; waited += 1s) {
    EXPECT_FALSE(harness_.IsClosed());
    harness_.Read(1);
    harness_.loop().Advance(1s);
  }
  EXPECT_TRUE(harness_.IsClosed());
  EXPECT_EQ(harness_.Closed(CloseReason::kWriteTimeout), 1);
}

TEST_F(SessionWriteTimeoutTest, TheTimeToTakeAnAnswerStartsWithTheAnswer) {
  harness_.EchoPaths();
  // Fills the buffers exactly as far as everything still leaves; then comes a long silence.
  std::uint64_t answered = 0;
  while (!harness_.session().HasUnsent()) {
    harness_.Send(Get("/" + std::to_string(answered++) + std::string(1000, 'x')));
    harness_.loop().Turn();
  }
  while (harness_.session().HasUnsent()) harness_.Read(512);
  harness_.loop().Advance(kTimeouts.write + 10s);
  ASSERT_FALSE(harness_.IsClosed());
  harness_.Send(Get("/" + std::string(8000, 'x')));
  harness_.loop().Turn();
  ASSERT_FALSE(harness_.IsClosed());
  EXPECT_TRUE(harness_.session().HasUnsent());
}

TEST_F(SessionWriteTimeoutTest, OneThatIsToCloseDoesSoBehindAnAnswerThatIsBeingWritten) {
  harness_.Send(Get("/"));
  AnswerMuch(0);
  ASSERT_TRUE(harness_.session().HasUnsent());
  harness_.LetGo();
  ASSERT_FALSE(harness_.IsClosed());
  while (harness_.session().HasUnsent()) harness_.Read();
  harness_.Read();
  EXPECT_TRUE(harness_.PeerIsAtEnd());
  harness_.HalfClose();
  EXPECT_EQ(harness_.Closed(CloseReason::kOperator), 1);
}

TEST(SessionTimeoutsTest, LeaveToSendABodyIsGivenAfterALongSilenceToo) {
  SessionHarness harness;
  harness.EchoPaths();
  harness.loop().Advance(kTimeouts.write + 10s);
  harness.Send(
      "POST /p HTTP/1.1\r\nHost: baton\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(harness.Read(), "HTTP/1.1 100 Continue\r\n\r\n");
  harness.Send("{}");
  EXPECT_EQ(ParseAnswers(harness.Read()).at(0).body, "/p");
}

TEST(SessionTimeoutsTest, AClientThatDoesNotHangUpIsLeftInTheEnd) {
  SessionHarness harness;
  harness.EchoPaths();
  harness.Send(Get("/", "Connection: close\r\n"));
  harness.loop().Advance(kTimeouts.linger - 1ns);
  EXPECT_FALSE(harness.IsClosed());
  harness.loop().Advance(1ns);
  EXPECT_TRUE(harness.IsClosed());
  EXPECT_EQ(harness.Closed(CloseReason::kClient), 1);
}

TEST(SessionTimeoutsTest, OneThatIsToldToGoByADrainAndDoesNotIsCountedAsDrained) {
  SessionHarness harness;
  harness.EchoPaths();
  harness.BeginDrain();
  harness.Send(Get("/"));
  harness.loop().Advance(kTimeouts.linger);
  EXPECT_EQ(harness.Closed(CloseReason::kDrain), 1);
}

TEST(SessionArrivalTest, ARequestArrivedAtTheEarliestWhenThePreviousTurnBegan) {
  SessionHarness harness;
  harness.loop().Advance(10ms);
  const SteadyTime previous = harness.loop().clock().Now();
  harness.loop().clock().Advance(4ms);
  harness.Send(Get("/"));
  ASSERT_THAT(harness.taken(), SizeIs(1));
  EXPECT_EQ(harness.taken()[0].request.arrival, previous);
  EXPECT_EQ(harness.taken()[0].request.complete_at, previous);
}

TEST(SessionArrivalTest, ItIsTheFirstPiecesAndItsCompletionTheLasts) {
  SessionHarness harness;
  const SteadyTime first = harness.loop().clock().Now();
  harness.Send("GET / HTTP");
  harness.loop().Advance(10ms);
  harness.Send("/1.1\r\nHost: baton\r\n\r\n");
  ASSERT_THAT(harness.taken(), SizeIs(1));
  EXPECT_EQ(harness.taken()[0].request.arrival, first);
  EXPECT_EQ(harness.taken()[0].request.complete_at, first + 10ms);
}

TEST(SessionArrivalTest, ItIsNotBeforeTheAnswerThatTheClientWaitedFor) {
  SessionHarness harness;
  harness.Send(Get("/0"));
  harness.loop().loop().Post([&] {
    harness.loop().clock().Advance(5ms);  // a slow turn
    harness.Answer(0, "zero");
  });
  harness.loop().Turn();
  const SteadyTime answered = harness.loop().clock().Now();
  harness.loop().clock().Advance(1ms);
  harness.Send(Get("/1"));
  ASSERT_THAT(harness.taken(), SizeIs(2));
  EXPECT_EQ(harness.taken()[1].request.arrival, answered);
}

TEST(SessionArrivalTest, PipelinedRequestsInTheSameBytesArrivedTogether) {
  SessionHarness harness;
  harness.loop().Advance(10ms);
  harness.Send(Get("/0") + Get("/1") + Get("/2"));
  ASSERT_THAT(harness.taken(), SizeIs(3));
  EXPECT_EQ(harness.taken()[1].request.arrival, harness.taken()[0].request.arrival);
  EXPECT_EQ(harness.taken()[2].request.arrival, harness.taken()[0].request.arrival);
}

TEST(SessionArrivalTest, APipelinedRequestOfLaterBytesArrivedWithThem) {
  SessionHarness harness;
  const SteadyTime first = harness.loop().clock().Now();
  harness.Send(Get("/0"));
  harness.loop().Advance(10ms);
  harness.Send(Get("/1"));
  ASSERT_THAT(harness.taken(), SizeIs(2));
  EXPECT_EQ(harness.taken()[1].request.arrival, first + 10ms);
}

TEST(SessionArrivalTest, WhatThePipeliningCapHeldBackKeepsTheMomentOfItsBytes) {
  Session::Options options;
  options.limits.pipelined_requests = 2;
  SessionHarness harness(options);
  const SteadyTime readable = harness.loop().clock().Now();
  harness.Send(Get("/0") + Get("/1") + Get("/2") + Get("/3"));
  harness.loop().Advance(10ms);
  for (std::uint64_t exchange = 0; exchange < 2; ++exchange) harness.Answer(exchange, "answer");
  harness.loop().Advance(10ms);
  ASSERT_THAT(harness.taken(), SizeIs(4));
  for (const SessionHarness::Taken& taken : harness.taken()) {
    EXPECT_EQ(taken.request.arrival, readable);
    EXPECT_EQ(taken.request.complete_at, readable);
  }
}

TEST(SessionArrivalTest, ARequestCutByUnreadAnswersKeepsTheMomentOfItsFirstPiece) {
  Session::Options options;
  options.output_high_bytes = 100'000;
  SessionHarness harness(options, /*send_bytes=*/1);
  const std::string second = Get("/1");
  harness.Send(Get("/0"));
  const SteadyTime first_piece = harness.loop().clock().Now();
  harness.Send(second.substr(0, 10));
  harness.Answer(0, std::string(200'000, 'x'));
  harness.loop().Advance(10ms);
  harness.Send(second.substr(10));
  EXPECT_THAT(harness.Paths(), ElementsAre("/0"));
  harness.loop().Advance(10ms);
  while (!harness.Read().empty()) {
  }
  ASSERT_THAT(harness.taken(), SizeIs(2));
  EXPECT_EQ(harness.taken()[1].request.arrival, first_piece);
}

}  // namespace
}  // namespace baton::http
