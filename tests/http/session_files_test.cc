// Answers whose bodies are files: their order, their clocks, what they hold, and how they end.
#include <chrono>
#include <csignal>
#include <filesystem>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/http/session.h"
#include "tests/support/session_harness.h"
#include "tests/support/temporary_folder.h"

namespace baton::http {
namespace {

using testing::ElementsAre;
using testing::SizeIs;
using testing_support::Bodies;
using testing_support::Get;
using testing_support::ParseAnswers;
using testing_support::SessionHarness;
using testing_support::TemporaryFolder;

class SessionFilesTest : public testing::Test {
 protected:
  SessionFilesTest() {
    std::signal(SIGPIPE, SIG_IGN);  // as the server does: sendfile has no MSG_NOSIGNAL
    for (std::size_t i = 0; i < kLarge; ++i) bytes_ += static_cast<char>('a' + i % 23);
    folder_.Write("large", bytes_);
  }

  void AnswerFile(SessionHarness& harness, std::uint64_t exchange, std::uint64_t offset,
                  std::uint64_t size) {
    harness.loop().loop().AssertOnLoop();
    Response response;
    response.file = FileBody{folder_.Open("large"), offset, size};
    harness.session().Answer(ExchangeId{exchange}, std::move(response));
  }
  static std::string ReadAll(SessionHarness& harness) {
    std::string all;
    for (std::string piece; !(piece = harness.Read()).empty();) all += piece;
    return all;
  }

  static constexpr std::size_t kLarge = 300'000;
  TemporaryFolder folder_;
  std::string bytes_;
};

TEST_F(SessionFilesTest, PipelinedFilesAndBodiesComeInTheOrderOfTheRequests) {
  SessionHarness harness({}, /*send_bytes=*/1);
  harness.Send(Get("/0") + Get("/1") + Get("/2") + Get("/3"));
  AnswerFile(harness, 2, 5, 100'000);
  harness.Answer(1, "one");
  AnswerFile(harness, 0, 0, 10);
  harness.Answer(3, "three");
  EXPECT_THAT(Bodies(ReadAll(harness)),
              ElementsAre(bytes_.substr(0, 10), "one", bytes_.substr(5, 100'000), "three"));
  EXPECT_TRUE(harness.session().IsIdle());
}

TEST_F(SessionFilesTest, HeadHasTheLengthOfTheFileAndNoneOfItsBytes) {
  SessionHarness harness;
  harness.Send("HEAD / HTTP/1.1\r\nHost: baton\r\n\r\n");
  AnswerFile(harness, 0, 0, kLarge);
  const std::string bytes = harness.Read();
  EXPECT_THAT(bytes, testing::HasSubstr("Content-Length: 300000\r\n"));
  EXPECT_THAT(bytes, testing::EndsWith("\r\n\r\n"));
}

TEST_F(SessionFilesTest, AnEmptyFileIsAnAnswer) {
  SessionHarness harness;
  harness.Send(Get("/"));
  AnswerFile(harness, 0, 0, 0);
  EXPECT_THAT(Bodies(harness.Read()), ElementsAre(""));
}

TEST_F(SessionFilesTest, WhatWaitsOfAFileIsNotHeld) {
  SessionHarness harness({}, /*send_bytes=*/1);
  harness.Send(Get("/"));
  AnswerFile(harness, 0, 0, kLarge);
  harness.loop().Turn();
  EXPECT_EQ(harness.Gauge(ConnectionState::kWriting), 1);
  EXPECT_LT(harness.held_bytes(), 1000u);
}

TEST_F(SessionFilesTest, WhileAFileWaitsToLeaveNothingMoreIsTaken) {
  Session::Options options;
  options.output_high_bytes = 100'000;
  SessionHarness harness(options, /*send_bytes=*/1);
  harness.Send(Get("/0"));
  AnswerFile(harness, 0, 0, kLarge);
  harness.loop().Turn();
  harness.Send(Get("/1"));
  EXPECT_THAT(harness.taken(), SizeIs(1));
  ReadAll(harness);
  EXPECT_THAT(harness.taken(), SizeIs(2));
}

TEST_F(SessionFilesTest, WhatIsBehindAFileIsTakenOnceTheFileHasLeft) {
  SessionHarness harness({}, /*send_bytes=*/1);
  harness.OnEachRequest([&](const SessionHarness::Taken& taken) {
    if (taken.request.path.starts_with("/file")) harness.session().TakeNoMoreUntilSent();
  });
  harness.Send(Get("/before") + Get("/file0") + Get("/file1") + Get("/after"));
  EXPECT_THAT(harness.Paths(), ElementsAre("/before", "/file0"));
  harness.Send(Get("/later"));
  AnswerFile(harness, 1, 0, kLarge);
  harness.loop().Turn();
  EXPECT_THAT(harness.Paths(), SizeIs(2));  // it is not its turn yet
  harness.Answer(0, "");
  harness.loop().Turn();
  EXPECT_THAT(harness.Paths(), SizeIs(2));  // it has not left
  ReadAll(harness);
  EXPECT_THAT(harness.Paths(), ElementsAre("/before", "/file0", "/file1"));
  AnswerFile(harness, 2, 0, 10);
  ReadAll(harness);
  EXPECT_THAT(harness.Paths(), ElementsAre("/before", "/file0", "/file1", "/after", "/later"));
}

TEST_F(SessionFilesTest, TheBudgetOfWhatWaitsBehindAFileBeginsWhenTheFileHasLeft) {
  SessionHarness harness({}, /*send_bytes=*/1);
  harness.OnEachRequest([&](const SessionHarness::Taken& taken) {
    if (taken.request.path == "/file") harness.session().TakeNoMoreUntilSent();
  });
  harness.Send(Get("/file") + Get("/after"));
  AnswerFile(harness, 0, 0, kLarge);
  harness.loop().Turn();
  harness.loop().Advance(5s);
  const SteadyTime read = harness.loop().loop().ReadClock();
  ReadAll(harness);
  ASSERT_THAT(harness.taken(), SizeIs(2));
  EXPECT_GE(harness.taken()[1].request.arrival, read);
  EXPECT_GE(harness.taken()[1].request.complete_at, harness.taken()[1].request.arrival);
}

TEST_F(SessionFilesTest, ABodyThatNobodyNeedsIsReadToItsEndWhileAFileLeaves) {
  SessionHarness harness({}, /*send_bytes=*/1);
  harness.SetVerdict({.needs_body = false});
  harness.OnEachRequest(
      [&](const SessionHarness::Taken&) { harness.session().TakeNoMoreUntilSent(); });
  harness.Send("GET /0 HTTP/1.1\r\nHost: baton\r\nContent-Length: 6\r\n\r\nabc");
  AnswerFile(harness, 0, 0, kLarge);
  harness.loop().Turn();
  harness.Send("def" + Get("/1"));
  EXPECT_THAT(harness.Paths(), ElementsAre("/0"));
  ReadAll(harness);
  EXPECT_THAT(harness.Paths(), ElementsAre("/0", "/1"));
}

TEST_F(SessionFilesTest, AReaderThatStopsIsClosedByTheWriteTimeout) {
  SessionHarness harness({}, /*send_bytes=*/1);
  harness.Send(Get("/"));
  AnswerFile(harness, 0, 0, kLarge);
  harness.loop().Turn();
  harness.loop().Advance(19s);
  harness.Read(100'000);  // progress
  harness.loop().Turn();
  harness.loop().Advance(19s);
  EXPECT_FALSE(harness.IsClosed());
  harness.loop().Advance(2s);
  EXPECT_TRUE(harness.IsClosed());
  EXPECT_EQ(harness.Closed(CloseReason::kWriteTimeout), 1);
}

TEST_F(SessionFilesTest, AFileThatShrinksEndsTheConnectionAsAnErrorOfOurs) {
  SessionHarness harness({}, /*send_bytes=*/1);
  harness.Send(Get("/"));
  harness.Attach(0, 7);
  AnswerFile(harness, 0, 0, kLarge);
  harness.loop().Turn();
  std::filesystem::resize_file(folder_.path() / "large", 100'000);
  const auto answers = ParseAnswers(ReadAll(harness));
  EXPECT_EQ(answers.at(0).status, -1);
  EXPECT_TRUE(harness.PeerIsAtEnd());
  EXPECT_TRUE(harness.IsClosed());
  EXPECT_EQ(harness.Closed(CloseReason::kError), 1);
  ASSERT_THAT(harness.sent(), SizeIs(1));
  EXPECT_FALSE(harness.sent()[0].is_whole);
}

TEST_F(SessionFilesTest, AFileIsSentWholeBeforeTheConnectionCloses) {
  SessionHarness harness({}, /*send_bytes=*/1);
  harness.Send(Get("/", "Connection: close\r\n"));
  AnswerFile(harness, 0, 0, kLarge);
  EXPECT_THAT(Bodies(ReadAll(harness)), ElementsAre(bytes_));
  EXPECT_TRUE(harness.PeerIsAtEnd());
}

}  // namespace
}  // namespace baton::http
