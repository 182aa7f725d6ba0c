// Answers that have no end yet.
#include <string>

#include <gmock/gmock.h>

#include "tests/support/session_harness.h"

namespace baton::http {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using testing_support::SessionHarness;

constexpr std::string_view kGet = "GET /events HTTP/1.1\r\nHost: x\r\n\r\n";

// Each request becomes a stream, where it may.
void StreamAll(SessionHarness& harness) {
  harness.OnEachRequest([&harness](const SessionHarness::Taken& taken) {
    harness.loop().loop().AssertOnLoop();
    if (!harness.session().MayStream(taken.exchange)) return;
    Response head;
    head.content_type = "text/event-stream";
    head.body = "first\n";
    harness.session().BeginStream(taken.exchange, head);
  });
}

void Stream(SessionHarness& harness, std::string_view part) {
  harness.loop().loop().AssertOnLoop();
  harness.session().Stream(part);
}

TEST(SessionStreamTest, AStreamHasNoLengthAndGoesOnUntilItEnds) {
  SessionHarness harness;
  StreamAll(harness);
  harness.Send(kGet);
  const std::string head = harness.Read();
  EXPECT_THAT(head, AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("Connection: close\r\n"),
                          Not(HasSubstr("Content-Length")), EndsWith("\r\n\r\nfirst\n")));
  Stream(harness, "second\n");
  EXPECT_EQ(harness.Read(), "second\n");
  EXPECT_FALSE(harness.PeerIsAtEnd());
  harness.loop().loop().AssertOnLoop();
  harness.session().EndStream();
  EXPECT_EQ(harness.Read(), "");
  EXPECT_TRUE(harness.PeerIsAtEnd());
}

TEST(SessionStreamTest, AStreamThatIsSilentForHoursIsNotIdle) {
  SessionHarness harness;
  StreamAll(harness);
  harness.Send(kGet);
  harness.loop().Advance(10h);
  ASSERT_FALSE(harness.IsClosed());
  Stream(harness, "late\n");
  EXPECT_THAT(harness.Read(), EndsWith("late\n"));
}

TEST(SessionStreamTest, WhatComesBehindItsRequestIsNotTaken) {
  SessionHarness harness;
  StreamAll(harness);
  harness.Send(std::string(kGet) + "GET /more HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(harness.Paths(), testing::ElementsAre("/events"));
}

TEST(SessionStreamTest, BehindAnUnansweredRequestThereIsNone) {
  SessionHarness harness;
  harness.Send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n" + std::string(kGet));
  ASSERT_EQ(harness.taken().size(), 2U);
  EXPECT_FALSE(harness.session().MayStream(harness.taken()[1].exchange));
  harness.Answer(0, "done");
  EXPECT_TRUE(harness.session().MayStream(harness.taken()[1].exchange));
  harness.Answer(1, "no stream");
}

TEST(SessionStreamTest, WhoTakesNothingIsCutOff) {
  Session::Options options;
  SessionHarness harness(options, 4096);
  StreamAll(harness);
  harness.Send(kGet);
  Stream(harness, std::string(1 << 20, 'x'));
  harness.loop().Turn();
  ASSERT_TRUE(harness.session().HasUnsent());
  harness.loop().Advance(options.timeouts.write + 1s);
  EXPECT_TRUE(harness.IsClosed());
  EXPECT_EQ(harness.Closed(CloseReason::kWriteTimeout), 1);
}

TEST(SessionStreamTest, AWatcherThatHangsUpIsForgotten) {
  SessionHarness harness;
  StreamAll(harness);
  harness.Send(kGet);
  harness.HangUp();
  if (!harness.IsClosed()) Stream(harness, "nobody reads this\n");
  harness.loop().Turn();
  EXPECT_TRUE(harness.IsClosed());
}

}  // namespace
}  // namespace baton::http
