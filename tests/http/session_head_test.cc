// Requests that their head decides: answered before their body has come, which is never taken for a
// request.
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/http/session.h"
#include "tests/support/session_harness.h"

namespace baton::http {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing_support::Bodies;
using testing_support::Get;
using testing_support::ParseAnswers;
using testing_support::SeenAnswer;
using testing_support::SessionHarness;

using State = Session::State;

constexpr SessionTimeouts kTimeouts;  // the defaults
constexpr Limits kLimits;

std::string HeadOf(std::uint64_t body_bytes, const std::string& more = "",
                   const std::string& method = "POST") {
  return method +
         " /early HTTP/1.1\r\nHost: baton\r\nContent-Length: " + std::to_string(body_bytes) +
         "\r\n" + more + "\r\n";
}

constexpr char kChunked[] =
    "POST /early HTTP/1.1\r\nHost: baton\r\nTransfer-Encoding: chunked\r\n\r\n";

// Every request is decided by its head, and answered with its path.
class SessionHeadTest : public testing::Test {
 protected:
  SessionHeadTest() {
    harness_.SetVerdict({.needs_body = false});
    harness_.EchoPaths();
  }

  SeenAnswer OnlyAnswer() {
    const std::vector<SeenAnswer> answers = ParseAnswers(harness_.Read());
    EXPECT_THAT(answers, SizeIs(1));
    return answers.empty() ? SeenAnswer{} : answers[0];
  }
  void ExpectTheNextIsServed() {
    harness_.Send(Get("/next"));
    EXPECT_THAT(Bodies(harness_.Read()), ElementsAre("/next"));
  }
  void ExpectLastAnswer(const SeenAnswer& answer) {
    EXPECT_EQ(answer.status, 200);
    EXPECT_TRUE(answer.SaysClose());
    EXPECT_TRUE(harness_.PeerIsAtEnd());
    EXPECT_EQ(harness_.session().state(), State::kLingering);
  }

  SessionHarness harness_;
};

TEST_F(SessionHeadTest, TheAnswerComesBeforeTheBody) {
  harness_.Send(HeadOf(10) + "0123");
  EXPECT_EQ(OnlyAnswer().body, "/early");
  EXPECT_THAT(harness_.taken()[0].request.body, IsEmpty());
}

TEST_F(SessionHeadTest, TheBodyIsForgottenAndTheNextRequestServed) {
  harness_.Send(HeadOf(2 * Get("/smuggled").size()));
  EXPECT_FALSE(OnlyAnswer().SaysClose());
  harness_.Send(Get("/smuggled"));
  harness_.Send(Get("/smuggled") + Get("/0"));
  EXPECT_THAT(Bodies(harness_.Read()), ElementsAre("/0"));
  EXPECT_THAT(harness_.Paths(), ElementsAre("/early", "/0"));
  ExpectTheNextIsServed();
}

TEST_F(SessionHeadTest, TheSameAtWhateverByteTheInputIsCut) {
  const std::string bytes = HeadOf(Get("/x").size()) + Get("/x") + Get("/0") + kChunked +
                            "5;a=b\r\nhello\r\n3\r\nabc\r\n0\r\nX: y\r\n\r\n" + Get("/1");
  for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
    SessionHarness harness;
    harness.SetVerdict({.needs_body = false});
    harness.EchoPaths();
    harness.Send(bytes.substr(0, cut));
    harness.Send(bytes.substr(cut));
    EXPECT_THAT(Bodies(harness.Read()), ElementsAre("/early", "/0", "/early", "/1")) << cut;
  }
}

TEST_F(SessionHeadTest, ARequestThatIsThereWholeIsNotAskedAbout) {
  harness_.Send(HeadOf(2) + "{}");
  EXPECT_EQ(harness_.heads(), 0u);
  EXPECT_EQ(harness_.taken().at(0).request.body, "{}");
}

TEST_F(SessionHeadTest, WhereTheBodyIsNeededItIsWaitedFor) {
  harness_.SetVerdict({});
  harness_.Send(HeadOf(2));
  EXPECT_THAT(harness_.Read(), IsEmpty());
  harness_.Send("{}");
  EXPECT_EQ(harness_.heads(), 1u);
  EXPECT_EQ(harness_.taken().at(0).request.body, "{}");
}

TEST_F(SessionHeadTest, ABodyAtTheBoundIsForgotten) {
  harness_.Send(HeadOf(kLimits.forgotten_bytes));
  EXPECT_FALSE(OnlyAnswer().SaysClose());
  harness_.Send(std::string(kLimits.forgotten_bytes, 'x'));
  ExpectTheNextIsServed();
}

TEST_F(SessionHeadTest, WithALongerBodyTheAnswerIsTheLast) {
  harness_.Send(HeadOf(kLimits.forgotten_bytes + 1));
  ExpectLastAnswer(OnlyAnswer());
  harness_.Send(Get("/smuggled"));
  EXPECT_THAT(harness_.Paths(), ElementsAre("/early"));
}

TEST_F(SessionHeadTest, WhatHasComeOfItCountsAsForgotten) {
  harness_.Send(HeadOf(kLimits.forgotten_bytes + 10) + std::string(10, 'x'));
  EXPECT_FALSE(OnlyAnswer().SaysClose());
}

TEST_F(SessionHeadTest, WhoWaitsForLeaveToSendGetsTheLastAnswerAndNoLeave) {
  harness_.Send(HeadOf(10, "Expect: 100-continue\r\n"));
  const std::string bytes = harness_.Read();
  EXPECT_THAT(bytes, Not(HasSubstr("100 Continue")));
  ExpectLastAnswer(ParseAnswers(bytes).at(0));
}

TEST_F(SessionHeadTest, WhoDidNotWaitForLeaveIsServedOn) {
  harness_.Send(HeadOf(10, "Expect: 100-continue\r\n") + "0");
  EXPECT_FALSE(OnlyAnswer().SaysClose());
  harness_.Send("123456789");
  ExpectTheNextIsServed();
}

TEST_F(SessionHeadTest, AfterConnectionCloseTheBodyIsNotWaitedFor) {
  harness_.Send(HeadOf(10, "Connection: close\r\n"));
  ExpectLastAnswer(OnlyAnswer());
}

TEST_F(SessionHeadTest, TheAnswerToHeadHasNoBodyAndTheBodyOfHeadIsForgotten) {
  harness_.Send(HeadOf(10, "", "HEAD"));
  EXPECT_THAT(harness_.Read(), testing::EndsWith("\r\n\r\n"));
  harness_.Send("0123456789");
  ExpectTheNextIsServed();
}

TEST_F(SessionHeadTest, ItTakesItsTurnBehindEarlierAnswers) {
  SessionHarness harness;
  harness.SetVerdict({.needs_body = false});
  harness.Send(Get("/0") + HeadOf(3) + "a");
  harness.Answer(1, "early");
  EXPECT_THAT(harness.Read(), IsEmpty());
  harness.Send("bc" + Get("/2"));
  harness.Answer(2, "two");
  harness.Answer(0, "zero");
  EXPECT_THAT(Bodies(harness.Read()), ElementsAre("zero", "early", "two"));
}

TEST_F(SessionHeadTest, ChunksAreForgottenUpToTheBound) {
  harness_.Send(std::string(kChunked) + "1\r\nx\r\n");
  EXPECT_FALSE(OnlyAnswer().SaysClose());
  const std::string half(kLimits.forgotten_bytes / 2, 'x');
  for (int i = 0; i < 2; ++i) harness_.Send("8000\r\n" + half + "\r\n");
  harness_.Send("0\r\n\r\n");
  ExpectTheNextIsServed();
}

TEST_F(SessionHeadTest, MoreChunksThanThatEndTheConnectionWithoutAnotherAnswer) {
  harness_.Send(std::string(kChunked) + "1\r\nx\r\n");
  OnlyAnswer();
  harness_.Send("10000\r\n" + std::string(kLimits.forgotten_bytes, 'x') + "\r\n1\r\n");
  harness_.Send("x\r\n0\r\n\r\n" + Get("/smuggled"));
  EXPECT_THAT(harness_.Read(), IsEmpty());
  EXPECT_TRUE(harness_.PeerIsAtEnd());
  EXPECT_THAT(harness_.refusals(), IsEmpty());
  harness_.HangUp();
  EXPECT_EQ(harness_.Closed(CloseReason::kLimit), 1);
}

TEST_F(SessionHeadTest, AChunkThatIsTooLongAlreadyMakesTheAnswerTheLast) {
  harness_.Send(std::string(kChunked) + "10001\r\n");
  ExpectLastAnswer(OnlyAnswer());
}

TEST_F(SessionHeadTest, AMalformedChunkEndsTheConnectionWithoutAnotherAnswer) {
  harness_.Send(std::string(kChunked) + "1\r\nx\r\n");
  OnlyAnswer();
  harness_.Send("zz\r\n" + Get("/smuggled"));
  EXPECT_THAT(harness_.Read(), IsEmpty());
  EXPECT_TRUE(harness_.PeerIsAtEnd());
  EXPECT_EQ(harness_.Count(harness_.metrics().parse_errors.at("bad_chunk")), 1);
  harness_.HangUp();
  EXPECT_EQ(harness_.Closed(CloseReason::kProtocolError), 1);
}

TEST_F(SessionHeadTest, ABodyThatDoesNotComeEndsTheConnectionWithoutAnotherAnswer) {
  harness_.Send(HeadOf(10));
  OnlyAnswer();
  harness_.loop().Advance(kTimeouts.body_grace - 1ns);
  EXPECT_EQ(harness_.session().state(), State::kReading);
  harness_.loop().Advance(1ns);
  EXPECT_THAT(harness_.Read(), IsEmpty());
  EXPECT_TRUE(harness_.PeerIsAtEnd());
  EXPECT_THAT(harness_.refusals(), IsEmpty());
  harness_.loop().Advance(kTimeouts.linger);
  EXPECT_EQ(harness_.Closed(CloseReason::kBodyTooSlow), 1);
}

TEST_F(SessionHeadTest, ItsBudgetIsOverWithItsAnswer) {
  harness_.SetVerdict({.needs_body = false, .complete_by = harness_.loop().clock().Now() + 50ms});
  harness_.Send(HeadOf(10));
  OnlyAnswer();
  harness_.loop().Advance(1s);
  harness_.Send("0123456789");
  ExpectTheNextIsServed();
}

TEST_F(SessionHeadTest, TheConnectionIsIdleWhenTheBodyHasCome) {
  harness_.Send(HeadOf(10));
  OnlyAnswer();
  EXPECT_FALSE(harness_.session().IsIdle());
  harness_.loop().Advance(1s);
  harness_.Send("0123456789");
  EXPECT_TRUE(harness_.session().IsIdle());
  harness_.loop().Advance(kTimeouts.idle - 1ns);
  EXPECT_FALSE(harness_.IsClosed());
  harness_.loop().Advance(1ns);
  EXPECT_EQ(harness_.Closed(CloseReason::kIdleTimeout), 1);
}

TEST_F(SessionHeadTest, AClientThatEndsItsInputInsteadStillHasItsAnswer) {
  harness_.Send(HeadOf(10));
  harness_.HalfClose();
  EXPECT_EQ(OnlyAnswer().body, "/early");
  EXPECT_TRUE(harness_.IsClosed());
  EXPECT_EQ(harness_.Closed(CloseReason::kClient), 1);
}

TEST_F(SessionHeadTest, NothingOfTheBodyIsHeld) {
  harness_.Send(HeadOf(5000));
  OnlyAnswer();
  harness_.Send(std::string(4000, 'x'));
  EXPECT_EQ(harness_.held_bytes(), 0u);
}

TEST_F(SessionHeadTest, ADrainTellsTheClientToGoWithThatAnswer) {
  harness_.BeginDrain();
  harness_.Send(HeadOf(10));
  ExpectLastAnswer(OnlyAnswer());
}

}  // namespace
}  // namespace baton::http
