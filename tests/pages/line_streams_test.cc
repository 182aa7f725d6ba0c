// Lines, and readers who take their time, under a clock that the test moves.
#include "server/pages/line_streams.h"

#include <deque>
#include <memory>
#include <string>
#include <utility>

#include <gmock/gmock.h>

#include "tests/support/session_harness.h"

namespace baton::pages {
namespace {

using ::testing::EndsWith;
using testing_support::SessionHarness;

constexpr int kSmallBuffers = 4096;

// What the test has given it, a line at a time.
class Feed final : public LineFeed {
 public:
  struct Book {
    std::deque<std::string> lines;
    bool has_ended = false;
    int looks_at_caller = 0;
  };
  explicit Feed(Book& book) : book_(book) {}

  std::string Next() override {
    if (book_.lines.empty()) return "";
    std::string line = std::move(book_.lines.front());
    book_.lines.pop_front();
    return line;
  }
  void LookAtCaller() override { ++book_.looks_at_caller; }
  bool HasEnded() const override { return book_.has_ended && book_.lines.empty(); }

 private:
  Book& book_;
};

class LineStreamsTest : public ::testing::Test {
 protected:
  LineStreamsTest() {
    harness_.OnEachRequest([this](const SessionHarness::Taken& taken) {
      harness_.loop().loop().AssertOnLoop();
      streams_.Begin(harness_.session(), taken.exchange, "", std::make_unique<Feed>(book_));
    });
    harness_.Send(testing_support::Get("/lines"));
    harness_.Read();
  }
  bool Look() {
    harness_.loop().loop().AssertOnLoop();
    return streams_.Look();
  }

  SessionHarness harness_{{}, kSmallBuffers};
  LineStreams streams_{harness_.loop().loop()};
  Feed::Book book_;
};

TEST_F(LineStreamsTest, ALineThatIsThereIsFoundWithoutBeingToldOfIt) {
  book_.lines = {"{1}\n"};
  harness_.loop().Advance(1s);
  EXPECT_EQ(harness_.Read(), "{1}\n");
  book_.has_ended = true;
  EXPECT_FALSE(Look());
  harness_.loop().Turn();
  EXPECT_TRUE(harness_.PeerIsAtEnd());
}

TEST_F(LineStreamsTest, TheNextLineIsAskedForWhenTheOneBeforeHasLeft) {
  book_.lines = {std::string(1 << 20, 'x') + "\n", "{2}\n"};
  EXPECT_TRUE(Look());
  for (int i = 0; i < 100; ++i) harness_.loop().Advance(10ms);
  EXPECT_EQ(book_.lines.size(), 1U);
  std::string all;
  for (int i = 0; i < 10'000 && !all.ends_with("{2}\n"); ++i) {
    harness_.loop().Advance(10ms);
    all += harness_.Read();
  }
  EXPECT_THAT(all, EndsWith("x\n{2}\n"));
}

TEST_F(LineStreamsTest, TheCallerIsLookedAtWhileLinesWait) {
  book_.lines = {std::string(1 << 20, 'x') + "\n"};
  EXPECT_TRUE(Look());
  const int looks = book_.looks_at_caller;
  harness_.loop().Advance(1s);
  EXPECT_GT(book_.looks_at_caller, looks);
}

// A few bytes at a time would satisfy the session's own clock for as long as it takes.
TEST_F(LineStreamsTest, WhoTakesALineSlowlyIsCutOff) {
  book_.lines = {std::string(4 << 20, 'x') + "\n"};
  EXPECT_TRUE(Look());
  for (Duration passed = 0s; passed < LineStreams::kTimeToRead - 2s; passed += 1s) {
    harness_.loop().Advance(1s);
    harness_.Read(20 * 1024);
    ASSERT_FALSE(harness_.IsClosed()) << "after " << ToSeconds(passed) << " s";
  }
  for (int i = 0; i < 3 && !harness_.IsClosed(); ++i) harness_.loop().Advance(1s);
  EXPECT_TRUE(harness_.IsClosed());
  EXPECT_EQ(harness_.Closed(http::CloseReason::kWriteTimeout), 1);
}

}  // namespace
}  // namespace baton::pages
