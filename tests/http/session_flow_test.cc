// What holds a connection's requests back and what ends their stream: caps, 100-continue, refusals,
// a drain.
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
using testing::StartsWith;
using testing_support::Bodies;
using testing_support::Get;
using testing_support::ParseAnswers;
using testing_support::SeenAnswer;
using testing_support::SessionHarness;

using State = Session::State;

Session::Options WithCap(std::size_t pipelined_requests) {
  Session::Options options;
  options.limits.pipelined_requests = pipelined_requests;
  return options;
}

TEST(SessionPipeliningTest, AtItsCapReadingWaitsUntilAnAnswerLeaves) {
  SessionHarness harness(WithCap(2));
  harness.Send(Get("/0") + Get("/1") + Get("/2") + Get("/3"));
  harness.Send(Get("/4"));
  EXPECT_THAT(harness.Paths(), ElementsAre("/0", "/1"));
  harness.Answer(0, "zero");
  harness.loop().Turn();
  EXPECT_THAT(harness.Paths(), ElementsAre("/0", "/1", "/2"));
  for (std::uint64_t exchange = 1; exchange < 5; ++exchange) {
    harness.Answer(exchange, std::to_string(exchange));
    harness.loop().Turns(3);
  }
  EXPECT_THAT(harness.Paths(), ElementsAre("/0", "/1", "/2", "/3", "/4"));
  EXPECT_THAT(Bodies(harness.Read()), ElementsAre("zero", "1", "2", "3", "4"));
}

TEST(SessionPipeliningTest, ARequestCutByTheCapGoesOnWhereItWas) {
  SessionHarness harness(WithCap(1));
  const std::string second = Get("/1");
  harness.Send(Get("/0") + second.substr(0, 10));
  harness.Send(second.substr(10));
  harness.Answer(0, "zero");
  harness.loop().Turns(3);
  EXPECT_THAT(harness.Paths(), ElementsAre("/0", "/1"));
}

TEST(SessionPipeliningTest, ALargeBodyArrivesWholeAndTheRequestBehindItToo) {
  SessionHarness harness;
  std::string body(200'000, ' ');
  for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>('a' + i % 23);
  const std::string bytes =
      "POST /large HTTP/1.1\r\nHost: h\r\nContent-Length: 200000\r\n\r\n" + body + Get("/next");
  for (std::size_t at = 0; at < bytes.size(); at += 50'000) {
    harness.Send(std::string_view(bytes).substr(at, 50'000));
  }
  harness.loop().Turns(3);
  EXPECT_THAT(harness.Paths(), ElementsAre("/large", "/next"));
  EXPECT_TRUE(harness.taken().front().request.body == body);
}

TEST(SessionHeldTest, RoomAheadOfABodysBytesIsGivenOnlyWhileLittleIsHeld) {
  for (const std::size_t held_bytes : {1'000'000U, 100'000U}) {
    Session::Options options;
    options.held_bytes = held_bytes;
    SessionHarness harness(options);
    harness.Send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 200000\r\n\r\n" +
                 std::string(40'000, 'x'));
    harness.Send(std::string(10'000, 'x'));
    EXPECT_EQ(harness.held_bytes() > 60'000u, held_bytes == 1'000'000u) << harness.held_bytes();
  }
}

TEST(SessionPipeliningTest, ManyRequestsAnsweredAtOnceAllGetTheirAnswer) {
  SessionHarness harness(WithCap(4));
  harness.EchoPaths();
  std::string requests;
  std::vector<std::string> expected;
  for (int i = 0; i < 100; ++i) {
    expected.push_back("/" + std::to_string(i));
    requests += Get(expected.back());
  }
  harness.Send(requests);
  EXPECT_EQ(Bodies(harness.Read()), expected);
}

TEST(SessionPipeliningTest, WhileThePeerDoesNotReadItsAnswersNothingMoreIsTaken) {
  Session::Options options;
  options.output_high_bytes = 100'000;
  SessionHarness harness(options, /*send_bytes=*/1);
  harness.Send(Get("/0"));
  harness.Answer(0, std::string(200'000, 'x'));
  harness.loop().Turn();
  harness.Send(Get("/1"));
  EXPECT_THAT(harness.Paths(), ElementsAre("/0"));
  while (!harness.Read().empty()) {
  }
  EXPECT_THAT(harness.Paths(), ElementsAre("/0", "/1"));
}

Session::Options WithUnsentAtMost(std::size_t bytes) {
  Session::Options options;
  options.output_high_bytes = bytes;
  return options;
}

std::string Post(const std::string& path, const std::string& body) {
  return "POST " + path +
         " HTTP/1.1\r\nHost: baton\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         body;
}

TEST(SessionPipeliningTest, EachPauseOfReadingIsCountedByItsReason) {
  Session::Options options = WithUnsentAtMost(10'000);
  options.limits.pipelined_requests = 2;
  SessionHarness harness(options);
  harness.Send(Get("/0") + Get("/1"));
  EXPECT_EQ(harness.Paused(PauseReason::kPipelined), 0);
  harness.Send(Get("/2"));
  harness.Send(Get("/3"));
  EXPECT_EQ(harness.Paused(PauseReason::kPipelined), 1);
  for (std::uint64_t exchange = 0; exchange < 4; ++exchange) {
    harness.Answer(exchange, "answer");
    harness.loop().Turns(3);
  }
  harness.Send(Post("/4", std::string(10'001, 'x')) + Get("/5"));
  EXPECT_EQ(harness.Paused(PauseReason::kUnsent), 1);
}

TEST(SessionPipeliningTest, WhileAnswersThatWaitForTheirTurnAreManyBytesNothingMoreIsTaken) {
  SessionHarness harness(WithUnsentAtMost(10'000));
  harness.Send(Get("/0") + Get("/1"));
  harness.Answer(1, std::string(10'001, 'x'));
  EXPECT_EQ(harness.held_bytes(), 10'001u);
  harness.Send(Get("/2"));
  EXPECT_THAT(harness.Paths(), ElementsAre("/0", "/1"));
  harness.Answer(0, "zero");
  harness.loop().Turns(3);
  EXPECT_THAT(harness.Paths(), ElementsAre("/0", "/1", "/2"));
  EXPECT_EQ(harness.held_bytes(), 0u);
}

TEST(SessionPipeliningTest, WhileUnansweredRequestsAreManyBytesNothingMoreIsTaken) {
  SessionHarness harness(WithUnsentAtMost(10'000));
  harness.Send(Post("/0", std::string(10'000, 'x')) + Post("/1", "y") + Post("/2", "z"));
  harness.Send(Get("/3"));
  EXPECT_THAT(harness.Paths(), ElementsAre("/0", "/1"));
  harness.Answer(0, "zero");
  harness.loop().Turns(3);
  EXPECT_THAT(harness.Paths(), ElementsAre("/0", "/1", "/2", "/3"));
}

TEST(SessionPipeliningTest, AnAnswerBeforeItsTurnLetsMoreBeTakenToo) {
  SessionHarness harness(WithUnsentAtMost(10'000));
  harness.Send(Get("/0") + Post("/1", std::string(10'001, 'x')) + Get("/2"));
  harness.Send(Get("/3"));
  EXPECT_THAT(harness.Paths(), ElementsAre("/0", "/1"));
  harness.Answer(1, "one");
  harness.loop().Turns(3);
  EXPECT_THAT(harness.Paths(), ElementsAre("/0", "/1", "/2", "/3"));
}

TEST(SessionPipeliningTest, AConnectionThatEndsGivesBackWhatWaitedForItsTurn) {
  SessionHarness harness;
  harness.Send(Get("/0") + Get("/1"));
  harness.Answer(1, "one");
  EXPECT_EQ(harness.held_bytes(), 3u);
  harness.Close(CloseReason::kError);
  EXPECT_EQ(harness.held_bytes(), 0u);
}

TEST(SessionOverloadTest, WhileAnAnswerIsPendingNothingMoreIsReadOffTheConnection) {
  SessionHarness harness;
  harness.TakePipelined(false);
  harness.Send(Get("/0"));
  harness.Send(Get("/1") + Get("/2"));
  harness.loop().Turn();
  EXPECT_THAT(harness.Paths(), ElementsAre("/0"));
  EXPECT_EQ(harness.Count(harness.metrics().received_bytes), static_cast<double>(Get("/0").size()));
  EXPECT_EQ(harness.held_bytes(), 0u);
}

TEST(SessionOverloadTest, EachAnswerThatLeavesLetsTheNextRequestIn) {
  SessionHarness harness;
  harness.TakePipelined(false);
  harness.Send(Get("/0") + Get("/1"));
  harness.Send(Get("/2"));
  for (std::uint64_t exchange = 0; exchange < 3; ++exchange) {
    EXPECT_THAT(harness.Paths(), SizeIs(exchange + 1));
    harness.Answer(exchange, std::to_string(exchange));
    harness.loop().Turns(3);
  }
  EXPECT_THAT(Bodies(harness.Read()), ElementsAre("0", "1", "2"));
  EXPECT_TRUE(harness.session().IsIdle());
}

TEST(SessionOverloadTest, RequestsTakenBeforeAreAllAnsweredBeforeMoreIsRead) {
  SessionHarness harness;
  harness.Send(Get("/0") + Get("/1"));
  harness.TakePipelined(false);
  harness.Send(Get("/2"));
  harness.Answer(0, "zero");
  harness.loop().Turns(2);
  EXPECT_THAT(harness.Paths(), ElementsAre("/0", "/1"));
  harness.Answer(1, "one");
  harness.loop().Turns(2);
  EXPECT_THAT(harness.Paths(), ElementsAre("/0", "/1", "/2"));
}

TEST(SessionOverloadTest, WhoWasHeldBackIsReadAgainWithTheNextAnswerOnceItIsOver) {
  SessionHarness harness;
  harness.TakePipelined(false);
  harness.Send(Get("/0"));
  harness.Send(Get("/1") + Get("/2"));
  harness.TakePipelined(true);
  harness.loop().Turn();
  EXPECT_THAT(harness.Paths(), ElementsAre("/0"));
  harness.Answer(0, "zero");
  harness.loop().Turns(2);
  EXPECT_THAT(harness.Paths(), ElementsAre("/0", "/1", "/2"));
}

TEST(SessionOverloadTest, AConnectionWithoutAPendingAnswerIsReadAsEver) {
  SessionHarness harness;
  harness.TakePipelined(false);
  harness.EchoPaths();
  const std::string bytes = "POST /0 HTTP/1.1\r\nHost: baton\r\nContent-Length: 3\r\n\r\nabc";
  for (const char byte : bytes) harness.Send(std::string_view(&byte, 1));
  EXPECT_THAT(Bodies(harness.Read()), ElementsAre("/0"));
  harness.Send(Get("/1") + Get("/2") + Get("/3"));
  EXPECT_THAT(Bodies(harness.Read()), ElementsAre("/1", "/2", "/3"));
}

TEST(SessionOverloadTest, AClientThatLeavesIsFoundOutWhileItIsNotReadFrom) {
  SessionHarness harness;
  harness.TakePipelined(false);
  harness.Send(Get("/0"));
  harness.Attach(0, 100);
  harness.Send(Get("/1"));
  harness.HangUp();
  EXPECT_TRUE(harness.IsClosed());
  EXPECT_THAT(harness.abandoned(), ElementsAre(100));
}

constexpr char kExpecting[] =
    "POST /p HTTP/1.1\r\nHost: baton\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n";
constexpr char kContinue[] = "HTTP/1.1 100 Continue\r\n\r\n";

TEST(SessionContinueTest, AClientThatAsksForLeaveGetsIt) {
  SessionHarness harness;
  harness.EchoPaths();
  harness.Send(kExpecting);
  EXPECT_EQ(harness.Read(), kContinue);
  harness.Send("{}");
  EXPECT_THAT(Bodies(harness.Read()), ElementsAre("/p"));
  EXPECT_EQ(harness.taken()[0].request.body, "{}");
}

TEST(SessionContinueTest, LeaveTakesItsTurnBehindEarlierAnswers) {
  SessionHarness harness;
  harness.Send(Get("/0") + kExpecting);
  EXPECT_THAT(harness.Read(), IsEmpty());
  harness.Answer(0, "zero");
  const std::string bytes = harness.Read();
  EXPECT_THAT(bytes, StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(bytes, testing::EndsWith(std::string("zero") + kContinue));
}

TEST(SessionContinueTest, WhoSendsTheBodyAlongGetsNoInterimAnswer) {
  SessionHarness harness;
  harness.EchoPaths();
  harness.Send(kExpecting + std::string("{}"));
  EXPECT_THAT(harness.Read(), StartsWith("HTTP/1.1 200 "));
}

TEST(SessionRefusalTest, WhatIsNoRequestIsAnsweredAndEndsTheConnection) {
  SessionHarness harness;
  harness.Send("NOT HTTP\r\n\r\n");
  const std::vector<SeenAnswer> answers = ParseAnswers(harness.Read());
  ASSERT_THAT(answers, SizeIs(1));
  EXPECT_EQ(answers[0].status, 400);
  EXPECT_TRUE(answers[0].SaysClose());
  EXPECT_TRUE(harness.PeerIsAtEnd());
  EXPECT_THAT(harness.taken(), IsEmpty());
  EXPECT_EQ(harness.session().state(), State::kLingering);
}

TEST(SessionRefusalTest, ItIsCountedByItsReason) {
  SessionHarness harness;
  harness.Send("NOT HTTP\r\n\r\n");
  ASSERT_THAT(harness.refusals(), SizeIs(1));
  EXPECT_EQ(harness.Count(harness.metrics().parse_errors.at(harness.refusals()[0].reason)), 1);
  harness.HangUp();
  EXPECT_EQ(harness.Closed(CloseReason::kProtocolError), 1);
}

TEST(SessionRefusalTest, ItsAnswerTakesItsTurnBehindEarlierOnes) {
  SessionHarness harness;
  harness.Send(Get("/0") + "NOT HTTP\r\n\r\n");
  EXPECT_THAT(harness.Read(), IsEmpty());
  harness.Answer(0, "zero");
  const std::vector<SeenAnswer> answers = ParseAnswers(harness.Read());
  ASSERT_THAT(answers, SizeIs(2));
  EXPECT_EQ(answers[0].status, 200);
  EXPECT_FALSE(answers[0].SaysClose());
  EXPECT_EQ(answers[1].status, 400);
  EXPECT_TRUE(answers[1].SaysClose());
}

TEST(SessionRefusalTest, WhatFollowsItIsSwallowedSoThatTheAnswerIsNotLost) {
  SessionHarness harness;
  harness.Send("NOT HTTP\r\n\r\n");
  for (int i = 0; i < 3; ++i) harness.Send(std::string(10'000, 'x'));
  EXPECT_EQ(ParseAnswers(harness.Read()).at(0).status, 400);
  EXPECT_THAT(harness.refusals(), SizeIs(1));
  harness.HangUp();
  EXPECT_TRUE(harness.IsClosed());
}

TEST(SessionDrainTest, TheNextAnswerTellsTheClientToGo) {
  SessionHarness harness;
  harness.EchoPaths();
  harness.BeginDrain();
  harness.Send(Get("/next"));
  EXPECT_TRUE(ParseAnswers(harness.Read()).at(0).SaysClose());
  EXPECT_TRUE(harness.PeerIsAtEnd());
  harness.HangUp();
  EXPECT_EQ(harness.Closed(CloseReason::kDrain), 1);
}

TEST(SessionDrainTest, OfPipelinedRequestsAllAreAnsweredAndTheLastIsToldToGo) {
  SessionHarness harness(WithCap(1));
  harness.Send(Get("/0") + Get("/1") + Get("/2"));
  harness.BeginDrain();
  for (std::uint64_t exchange = 0; exchange < 3; ++exchange) {
    harness.Answer(exchange, std::to_string(exchange));
    harness.loop().Turns(2);
  }
  const std::vector<SeenAnswer> answers = ParseAnswers(harness.Read());
  ASSERT_THAT(answers, SizeIs(3));
  EXPECT_FALSE(answers[0].SaysClose());
  EXPECT_FALSE(answers[1].SaysClose());
  EXPECT_TRUE(answers[2].SaysClose());
}

TEST(SessionDrainTest, AConnectionWithNothingUnderWayStays) {
  SessionHarness harness;
  harness.BeginDrain();
  harness.loop().Turns(3);
  EXPECT_FALSE(harness.IsClosed());
  EXPECT_TRUE(harness.session().IsIdle());
}

TEST(SessionDrainTest, ItIsIdleOnlyWhenNothingIsUnderWayEitherWay) {
  SessionHarness harness;
  EXPECT_TRUE(harness.session().IsIdle());
  harness.Send("GET /");
  EXPECT_FALSE(harness.session().IsIdle());
  harness.Send("0 HTTP/1.1\r\nHost: baton\r\n\r\n");
  EXPECT_FALSE(harness.session().IsIdle());
  harness.Answer(0, "zero");
  EXPECT_FALSE(harness.session().IsIdle());
  harness.loop().Turn();
  EXPECT_TRUE(harness.session().IsIdle());
}

TEST(SessionDrainTest, ItIsIdleSinceItsLastAnswerLeft) {
  SessionHarness harness;
  const SteadyTime began = harness.loop().clock().Now();
  EXPECT_EQ(harness.session().idle_since(), began);
  harness.loop().Advance(5s);
  harness.Send(Get("/0"));
  harness.loop().Advance(1s);
  harness.Answer(0, "zero");
  harness.loop().Advance(1s);
  harness.loop().Advance(1s);
  EXPECT_EQ(harness.session().idle_since(), began + 7s);
}

http::Session::Options HoldingAtMost(std::size_t bytes, std::size_t free_bytes) {
  http::Session::Options options;
  options.held_bytes = bytes;
  options.held_free_bytes = free_bytes;
  return options;
}

TEST(SessionHoldingTest, ABodyIsRefusedOnceTooMuchIsHeld) {
  SessionHarness harness(HoldingAtMost(1000, 100));
  harness.Send("POST / HTTP/1.1\r\nHost: baton\r\nContent-Length: 5000\r\n\r\n");
  harness.Send(std::string(1001, 'x'));
  EXPECT_THAT(harness.refusals(), IsEmpty());
  harness.Send("x");
  ASSERT_EQ(harness.refusals().size(), 1u);
  EXPECT_EQ(harness.refusals()[0].status, 503);
  harness.HangUp();
  EXPECT_TRUE(harness.IsClosed());
  EXPECT_EQ(harness.held_bytes(), 0u);
}

TEST(SessionHoldingTest, AHeadIsHeldUntilItsRequestIsHandedOver) {
  SessionHarness harness;
  harness.EchoPaths();
  EXPECT_EQ(harness.held_bytes(), 0u);
  harness.Send("GET /" + std::string(500, 'x'));
  EXPECT_GT(harness.held_bytes(), 500u);
  harness.Send(" HTTP/1.1\r\nHost: baton\r\nA: " + std::string(1000, 'x'));
  EXPECT_GT(harness.held_bytes(), 2000u);  // the path is kept as sent, and decoded
  harness.Send("\r\n\r\n");
  EXPECT_EQ(harness.taken().size(), 1u);
  EXPECT_EQ(harness.held_bytes(), 0u);
}

TEST(SessionHoldingTest, AHeadIsRefusedOnceTooMuchIsHeld) {
  SessionHarness harness(HoldingAtMost(1000, 100));
  harness.Send("GET / HTTP/1.1\r\nHost: baton\r\nA: " + std::string(1001, 'x'));
  EXPECT_THAT(harness.refusals(), IsEmpty());
  harness.Send("x");
  ASSERT_EQ(harness.refusals().size(), 1u);
  EXPECT_EQ(harness.refusals()[0].status, 503);
  harness.HangUp();
  EXPECT_EQ(harness.Closed(CloseReason::kLimit), 1);
  EXPECT_EQ(harness.held_bytes(), 0u);
}

TEST(SessionHoldingTest, WhoeverHoldsLittleIsServedAllTheSame) {
  SessionHarness harness(HoldingAtMost(0, 150));
  harness.EchoPaths();
  harness.Send("POST /small HTTP/1.1\r\nHost: baton\r\nContent-Length: 99\r\n\r\n");
  harness.Send(std::string(50, 'x'));
  harness.Send(std::string(49, 'x'));
  EXPECT_THAT(harness.refusals(), IsEmpty());
  EXPECT_EQ(harness.taken().size(), 1u);
  EXPECT_EQ(harness.held_bytes(), 0u);
}

}  // namespace
}  // namespace baton::http
