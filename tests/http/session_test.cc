// One connection's requests and answers: their order, how the connection ends, and what its books
// say.
#include "server/http/session.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/session_harness.h"
#include "tests/support/sockets.h"
#include "tests/support/wait_until.h"

namespace baton::http {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using testing_support::Bodies;
using testing_support::Get;
using testing_support::ParseAnswers;
using testing_support::SeenAnswer;
using testing_support::SessionHarness;
using testing_support::WaitUntil;

using State = Session::State;

TEST(SessionStateTest, OnlyTheDocumentedMovesAreAllowed) {
  const State all[] = {State::kReading, State::kFinishing, State::kLingering, State::kClosed};
  const bool allowed[4][4] = {
      // to kReading, kFinishing, kLingering, kClosed
      {false, true, false, true},    // kReading
      {false, false, true, true},    // kFinishing
      {false, false, false, true},   // kLingering
      {false, false, false, false},  // kClosed
  };
  for (std::size_t from = 0; from < 4; ++from) {
    for (std::size_t to = 0; to < 4; ++to) {
      EXPECT_EQ(Session::IsAllowed(all[from], all[to]), allowed[from][to]) << from << " to " << to;
    }
  }
}

TEST(SessionTest, ACompleteRequestIsHandedOver) {
  SessionHarness harness;
  harness.Send("POST /reverse?x=1 HTTP/1.1\r\nHost: baton\r\nContent-Length: 2\r\n\r\n{}");
  ASSERT_THAT(harness.taken(), SizeIs(1));
  const Request& request = harness.taken()[0].request;
  EXPECT_EQ(request.method, Method::kPost);
  EXPECT_EQ(request.path, "/reverse");
  EXPECT_EQ(request.body, "{}");
  EXPECT_EQ(harness.taken()[0].exchange, ExchangeId{0});
}

TEST(SessionTest, WhatComesByteByByteIsTheSameRequest) {
  SessionHarness harness;
  const std::string bytes =
      "POST /a HTTP/1.1\r\nHost: baton\r\nContent-Length: 3\r\n\r\nabc" + Get("/b");
  for (const char byte : bytes) harness.Send(std::string_view(&byte, 1));
  EXPECT_THAT(harness.Paths(), ElementsAre("/a", "/b"));
  EXPECT_EQ(harness.taken()[0].request.body, "abc");
}

TEST(SessionTest, AnAnswerLeavesAndTheConnectionStaysForTheNextRequest) {
  SessionHarness harness;
  harness.EchoPaths();
  for (const std::string path : {"/one", "/two", "/three"}) {
    harness.Send(Get(path));
    const std::vector<SeenAnswer> answers = ParseAnswers(harness.Read());
    ASSERT_THAT(answers, SizeIs(1));
    EXPECT_EQ(answers[0].status, 200);
    EXPECT_EQ(answers[0].body, path);
    EXPECT_FALSE(answers[0].SaysClose());
  }
  EXPECT_EQ(harness.session().state(), State::kReading);
}

TEST(SessionTest, PipelinedRequestsAreAllHandedOverBeforeTheFirstIsAnswered) {
  SessionHarness harness;
  harness.Send(Get("/0") + Get("/1") + Get("/2"));
  EXPECT_THAT(harness.Paths(), ElementsAre("/0", "/1", "/2"));
}

TEST(SessionTest, AnswersGivenInAnyOrderLeaveInThatOfTheRequests) {
  SessionHarness harness;
  harness.Send(Get("/0") + Get("/1") + Get("/2"));
  harness.Answer(2, "two");
  EXPECT_THAT(harness.Read(), IsEmpty());
  harness.Answer(0, "zero");
  EXPECT_THAT(Bodies(harness.Read()), ElementsAre("zero"));
  harness.Answer(1, "one");
  EXPECT_THAT(Bodies(harness.Read()), ElementsAre("one", "two"));
}

TEST(SessionTest, AnAnswerToHeadHasNoBody) {
  SessionHarness harness;
  harness.EchoPaths();
  harness.Send("HEAD /12345 HTTP/1.1\r\nHost: baton\r\n\r\n");
  const std::string bytes = harness.Read();
  EXPECT_THAT(bytes, testing::EndsWith("\r\n\r\n"));
  EXPECT_THAT(bytes, testing::HasSubstr("Content-Length: 6\r\n"));
}

TEST(SessionTest, AfterConnectionCloseTheAnswerIsTheLastAndThePeerSeesTheEnd) {
  SessionHarness harness;
  harness.EchoPaths();
  harness.Send(Get("/last", "Connection: close\r\n") + Get("/never"));
  const std::vector<SeenAnswer> answers = ParseAnswers(harness.Read());
  ASSERT_THAT(answers, SizeIs(1));
  EXPECT_TRUE(answers[0].SaysClose());
  EXPECT_TRUE(harness.PeerIsAtEnd());
  EXPECT_THAT(harness.Paths(), ElementsAre("/last"));
  EXPECT_EQ(harness.session().state(), State::kLingering);
}

TEST(SessionTest, OfPipelinedAnswersOnlyTheLastSaysClose) {
  SessionHarness harness;
  harness.Send(Get("/0") + Get("/1", "Connection: close\r\n"));
  harness.Answer(1, "one");
  harness.Answer(0, "zero");
  const std::vector<SeenAnswer> answers = ParseAnswers(harness.Read());
  ASSERT_THAT(answers, SizeIs(2));
  EXPECT_FALSE(answers[0].SaysClose());
  EXPECT_TRUE(answers[1].SaysClose());
}

TEST(SessionTest, ALingeringConnectionForgetsWhatComesAndGoesWithItsPeer) {
  SessionHarness harness;
  harness.EchoPaths();
  harness.Send(Get("/last", "Connection: close\r\n"));
  harness.Send(Get("/too-late"));
  EXPECT_THAT(harness.Paths(), ElementsAre("/last"));
  EXPECT_EQ(
      harness.Count(harness.metrics().received_bytes),
      static_cast<double>(Get("/last", "Connection: close\r\n").size() + Get("/too-late").size()))
      << "what stays in the kernel turns the end into a reset";
  harness.HangUp();
  EXPECT_TRUE(harness.IsClosed());
  EXPECT_EQ(harness.Closed(CloseReason::kClient), 1);
}

TEST(SessionTest, WhatFollowsTheLastRequestIsNotTakenWhenItComesWithTheEndOfTheInput) {
  SessionHarness harness;
  harness.Send(Get("/last", "Connection: close\r\n"));
  testing_support::SendAll(harness.peer(), Get("/too-late"));
  harness.HalfClose();
  EXPECT_THAT(harness.Paths(), ElementsAre("/last"));
  harness.Answer(0, "last");
  EXPECT_THAT(Bodies(harness.Read()), ElementsAre("last"));
  harness.loop().Turn();
  EXPECT_THAT(harness.Paths(), ElementsAre("/last"));
  EXPECT_TRUE(harness.IsClosed());
}

TEST(SessionTest, AnHttp10ConnectionEndsWithItsAnswer) {
  SessionHarness harness;
  harness.EchoPaths();
  harness.Send(Get("/", "", "HTTP/1.0"));
  EXPECT_TRUE(ParseAnswers(harness.Read()).at(0).SaysClose());
  EXPECT_TRUE(harness.PeerIsAtEnd());
}

TEST(SessionTest, AnHttp10ConnectionStaysWhenAskedTo) {
  SessionHarness harness;
  harness.EchoPaths();
  harness.Send(Get("/", "Connection: keep-alive\r\n", "HTTP/1.0"));
  EXPECT_THAT(ParseAnswers(harness.Read()).at(0).head,
              testing::HasSubstr("Connection: keep-alive\r\n"));
  EXPECT_FALSE(harness.PeerIsAtEnd());
}

TEST(SessionTest, AHalfCloseAfterACompleteRequestIsAnswered) {
  SessionHarness harness;
  harness.Send(Get("/0") + Get("/1"));
  harness.HalfClose();
  ASSERT_FALSE(harness.IsClosed());
  harness.Answer(0, "zero");
  harness.Answer(1, "one");
  EXPECT_THAT(Bodies(harness.Read()), ElementsAre("zero", "one"));
  EXPECT_TRUE(harness.PeerIsAtEnd());
  EXPECT_TRUE(harness.IsClosed());
}

TEST(SessionTest, AHalfCloseInsideARequestEndsTheConnection) {
  SessionHarness harness;
  harness.Send("GET /half HT");
  harness.HalfClose();
  EXPECT_TRUE(harness.IsClosed());
  EXPECT_THAT(harness.refusals(), IsEmpty());
  EXPECT_EQ(harness.Closed(CloseReason::kClient), 1);
}

Session::Options AbandoningHalfClosed() {
  Session::Options options;
  options.half_close = HalfClose::kAbandon;
  return options;
}

TEST(SessionHalfCloseTest, WhereItMeansLeavingEveryPendingRequestIsAbandoned) {
  SessionHarness harness(AbandoningHalfClosed());
  harness.Send(Get("/0") + Get("/1"));
  harness.Attach(0, 100);
  harness.Attach(1, 101);
  harness.HalfClose();
  EXPECT_TRUE(harness.IsClosed());
  EXPECT_THAT(harness.abandoned(), ElementsAre(100, 101));
  EXPECT_THAT(harness.sent(), IsEmpty());
  EXPECT_EQ(harness.Closed(CloseReason::kClient), 1);
}

TEST(SessionHalfCloseTest, WhereItMeansLeavingARequestThatSaidItIsTheLastIsAbandonedToo) {
  SessionHarness harness(AbandoningHalfClosed());
  harness.Send(Get("/0", "Connection: close\r\n"));
  harness.Attach(0, 100);
  harness.HalfClose();
  EXPECT_TRUE(harness.IsClosed());
  EXPECT_THAT(harness.abandoned(), ElementsAre(100));
}

TEST(SessionHalfCloseTest, WhereItMeansLeavingAnAnswerOnItsWayStillLeaves) {
  SessionHarness harness(AbandoningHalfClosed(), /*send_bytes=*/1);
  harness.Send(Get("/0"));
  harness.Answer(0, std::string(200'000, 'x'));
  harness.loop().Turn();
  harness.HalfClose();
  std::string received;
  for (std::string piece; !(piece = harness.Read()).empty();) received += piece;
  EXPECT_GT(received.size(), 200'000u);
  EXPECT_TRUE(harness.IsClosed());
}

TEST(SessionHalfCloseTest, WhereItMeansLeavingAnIdleConnectionEndsAsEver) {
  SessionHarness harness(AbandoningHalfClosed());
  harness.EchoPaths();
  harness.Send(Get("/0"));
  harness.HalfClose();
  EXPECT_THAT(Bodies(harness.Read()), ElementsAre("/0"));
  EXPECT_TRUE(harness.IsClosed());
}

TEST(SessionHalfCloseTest, BeforeTheLoopHasSeenItTheKernelKnowsOfIt) {
  for (const HalfClose policy : {HalfClose::kAnswer, HalfClose::kAbandon}) {
    Session::Options options;
    options.half_close = policy;
    SessionHarness harness(options, testing_support::TcpPair());
    EXPECT_FALSE(harness.session().ClientHasLeft());
    shutdown(harness.peer().get(), SHUT_WR);
    WaitUntil([&] { return harness.session().peer_state() == net::PeerState::kEndedInput; });
    EXPECT_EQ(harness.session().ClientHasLeft(), policy == HalfClose::kAbandon);
  }
}

TEST(SessionTest, OfAClientThatResetsItIsKnownBeforeTheLoopHasSeenIt) {
  SessionHarness harness({}, testing_support::TcpPair());
  testing_support::Reset(harness.peer());
  WaitUntil([&] { return harness.session().ClientHasLeft(); });
  EXPECT_FALSE(harness.IsClosed());
}

TEST(SessionTest, APeerThatLeavesAbandonsEveryUnansweredExchangeThatHasANote) {
  SessionHarness harness;
  harness.Send(Get("/0") + Get("/1") + Get("/2"));
  harness.Attach(0, 100);
  harness.Attach(2, 102);
  harness.HangUp();
  EXPECT_TRUE(harness.IsClosed());
  EXPECT_THAT(harness.abandoned(), ElementsAre(100, 102));
  EXPECT_THAT(harness.sent(), IsEmpty());
}

TEST(SessionTest, AnAnswerThatWaitsForItsTurnWhenThePeerLeavesIsReportedAsNotWhole) {
  SessionHarness harness;
  harness.Send(Get("/0") + Get("/1"));
  harness.Attach(0, 100);
  harness.Attach(1, 101);
  harness.Answer(1, "one");
  harness.HangUp();
  EXPECT_THAT(harness.abandoned(), ElementsAre(100));
  ASSERT_THAT(harness.sent(), SizeIs(1));
  EXPECT_EQ(harness.sent()[0].note, 101u);
  EXPECT_FALSE(harness.sent()[0].is_whole);
}

TEST(SessionTest, AnAnswerThatHasLeftInPartWhenThePeerLeavesIsReportedAsNotWhole) {
  SessionHarness harness({}, /*send_bytes=*/1);
  harness.Send(Get("/0"));
  harness.Attach(0, 100);
  harness.Answer(0, std::string(200'000, 'x'));
  harness.loop().Turn();
  EXPECT_THAT(harness.sent(), IsEmpty());
  harness.HangUp();
  ASSERT_THAT(harness.sent(), SizeIs(1));
  EXPECT_FALSE(harness.sent()[0].is_whole);
  EXPECT_THAT(harness.abandoned(), IsEmpty());
}

TEST(SessionTest, AnAnswerIsReportedOnceItsLastByteIsHandedOver) {
  SessionHarness harness({}, /*send_bytes=*/1);
  harness.Send(Get("/0"));
  harness.Attach(0, 100);
  harness.loop().clock().Advance(3ms);
  const SteadyTime answered = harness.loop().clock().Now();
  harness.Answer(0, std::string(200'000, 'x'));
  std::size_t received = 0;
  while (harness.sent().empty()) {
    harness.loop().clock().Advance(1ms);
    received += harness.Read().size();
  }
  received += harness.Read().size();
  EXPECT_GT(received, 200'000u);
  ASSERT_THAT(harness.sent(), SizeIs(1));
  EXPECT_TRUE(harness.sent()[0].is_whole);
  EXPECT_EQ(harness.sent()[0].first_write, answered + 1ms);
  EXPECT_GT(harness.sent()[0].done, harness.sent()[0].first_write);
}

TEST(SessionTest, AnAnswerThatWaitedForEarlierOnesCountsFromWhenItWasGiven) {
  SessionHarness harness;
  harness.Send(Get("/0") + Get("/1"));
  harness.Attach(0, 100);
  harness.Attach(1, 101);
  const SteadyTime given = harness.loop().clock().Now();
  harness.Answer(1, "one");
  harness.loop().Advance(10ms);
  harness.Answer(0, "zero");
  harness.loop().Turn();
  ASSERT_THAT(harness.sent(), SizeIs(2));
  EXPECT_EQ(harness.sent()[0].first_write, given + 10ms);
  EXPECT_EQ(harness.sent()[1].first_write, given);
  EXPECT_EQ(harness.sent()[1].done, given + 10ms);
}

TEST(SessionBooksTest, TheGaugeFollowsWhatTheConnectionDoes) {
  SessionHarness harness({}, /*send_bytes=*/1);
  EXPECT_EQ(harness.Gauge(ConnectionState::kIdle), 1);
  harness.Send("GET /");
  EXPECT_EQ(harness.Gauge(ConnectionState::kReading), 1);
  harness.Send("0 HTTP/1.1\r\nHost: baton\r\n\r\n");
  EXPECT_EQ(harness.Gauge(ConnectionState::kPending), 1);
  harness.Answer(0, std::string(100'000, 'x'));
  harness.loop().Turn();
  EXPECT_EQ(harness.Gauge(ConnectionState::kWriting), 1);
  EXPECT_EQ(harness.GaugeSum(), 1);
  while (!harness.Read().empty()) {
  }
  EXPECT_EQ(harness.Gauge(ConnectionState::kIdle), 1);
  EXPECT_EQ(harness.GaugeSum(), 1);
}

TEST(SessionBooksTest, TheGaugesAreZeroAfterEveryKindOfEnd) {
  for (const std::string bytes :
       {"", "GET /", "GET / HTTP/1.1\r\nHost: b\r\n\r\n", "NOT HTTP\r\n\r\n"}) {
    SessionHarness harness;
    harness.Send(bytes);
    harness.HangUp();
    EXPECT_TRUE(harness.IsClosed()) << bytes;
    for (const ConnectionState state : {ConnectionState::kIdle, ConnectionState::kReading,
                                        ConnectionState::kPending, ConnectionState::kWriting}) {
      EXPECT_EQ(harness.Gauge(state), 0) << bytes;
    }
  }
}

TEST(SessionBooksTest, WhoIsTurnedAwayWasAcceptedAndClosedAtALimit) {
  metrics::Registry registry;
  const ListenerMetrics metrics =
      ListenerMetrics::Make(registry, "http", MakeParseErrorCounters(registry));
  ListenerShard books;
  books.children = &metrics;
  books.shard = registry.TakeShard();
  books.CountTurnedAway();
  EXPECT_EQ(registry.Value(metrics.accepted), 1);
  EXPECT_EQ(registry.Value(metrics.closed[static_cast<std::size_t>(CloseReason::kLimit)]), 1);
}

TEST(SessionBooksTest, ConnectionsAndBytesAreCounted) {
  SessionHarness harness;
  harness.EchoPaths();
  harness.Send(Get("/"));
  const std::string answer = harness.Read();
  EXPECT_EQ(harness.Count(harness.metrics().accepted), 1);
  EXPECT_EQ(harness.Count(harness.metrics().received_bytes), static_cast<double>(Get("/").size()));
  EXPECT_EQ(harness.Count(harness.metrics().sent_bytes), static_cast<double>(answer.size()));
  harness.Close(CloseReason::kLimit);
  EXPECT_EQ(harness.Closed(CloseReason::kLimit), 1);
}

TEST(SessionDeathTest, AnsweringAnExchangeTwiceEndsTheProcess) {
  SessionHarness harness;
  harness.Send(Get("/0") + Get("/1"));
  harness.Answer(1, "one");
  EXPECT_DEATH(harness.Answer(1, "again"), "check failed");
}

TEST(SessionDeathTest, AnsweringWhatWasNeverAskedEndsTheProcess) {
  SessionHarness harness;
  EXPECT_DEATH(harness.Answer(0, "nobody asked"), "check failed");
}

}  // namespace
}  // namespace baton::http
