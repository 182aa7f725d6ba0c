// Which requests get a line, and what is in it.
#include "server/app/access_log.h"

#include <cstdint>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/base/log.h"
#include "server/serve/endpoint.h"
#include "tests/support/temporary_folder.h"

namespace baton::app {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr TraceId kKeptFirst{7, ~std::uint64_t{0}};
constexpr TraceId kKeptLast{7, 0xFF00'0000'0000'0000};  // the first 8 bits are not random

class AccessLogTest : public testing::Test {
 protected:
  void SetUp() override {
    LogOptions options;
    options.format = LogOptions::Format::kText;
    options.file = (folder_.path() / "log").string();
    guard_ = std::make_unique<LogGuard>(options);
    endpoint_.name = "tumour";
    now_ = SteadyTime(100s);
  }
  void TearDown() override { SetAccessLog({}); }

  RequestRecord Record(serve::Answer answer, const TraceId& trace = kKeptLast) const {
    RequestRecord record;
    record.endpoint = &endpoint_;
    record.trace.trace_id = trace;
    record.id = serve::RequestId{42};
    record.deadline = Deadline(now_, 40ms);
    record.admitted = now_ + 1ms;
    record.started = now_ + 3ms;
    record.finished = now_ + 10ms;
    record.answered = now_ + 11ms;
    record.answer = answer;
    record.cause = IsMiss(answer) ? serve::Cause::kExpiredRunning : serve::Cause::kNone;
    record.status = IsMiss(answer) ? 504 : 200;
    return record;
  }
  void Note(serve::Answer answer, const TraceId& trace = kKeptLast) {
    access_log_->Note(Record(answer, trace), now_ + 12ms);
  }
  // All lines; no further ones are written.
  std::string Lines() {
    access_log_.reset();
    guard_.reset();
    std::ifstream file(folder_.path() / "log");
    return {std::istreambuf_iterator<char>(file), {}};
  }

  const testing_support::TemporaryFolder folder_;
  std::unique_ptr<LogGuard> guard_;
  serve::Endpoint endpoint_;
  SteadyTime now_;
  std::unique_ptr<AccessLog> access_log_ = std::make_unique<AccessLog>();
};

std::size_t CountOf(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != text.npos; ++at) ++count;
  return count;
}

TEST_F(AccessLogTest, AMissHasALineWithAllThatIsKnownOfIt) {
  Note(serve::Answer::kTimeout);
  EXPECT_THAT(Lines(),
              HasSubstr(" warning event=request endpoint=tumour "
                        "trace_id=0000000000000007ff00000000000000 request_id=42 status=504 "
                        "answer=timeout cause=expired_running criticality=default version=none "
                        "budget_ms=40 spent_ms=12 read_ms=1 queue_ms=2 batch_ms=0 run_ms=7 "
                        "write_ms=2\n"));
}

TEST_F(AccessLogTest, OfTheOthersThereIsASampleByTheirTraces) {
  Note(serve::Answer::kPrediction, kKeptFirst);
  EXPECT_THAT(Lines(), IsEmpty());
}

TEST_F(AccessLogTest, ASampledOneIsInformation) {
  SetAccessLog({0.01, 20, 1000});
  Note(serve::Answer::kPrediction, kKeptFirst);
  Note(serve::Answer::kPrediction, kKeptLast);
  Note(serve::Answer::kInvalid, kKeptFirst);
  Note(serve::Answer::kNone, kKeptFirst);
  const std::string lines = Lines();
  EXPECT_EQ(CountOf(lines, " info event=request "), 3U);
  EXPECT_THAT(lines, AllOf(HasSubstr("answer=prediction cause=none"), HasSubstr("answer=invalid"),
                           HasSubstr("answer=none"), Not(HasSubstr("ff00000000000000"))));
}

TEST_F(AccessLogTest, WhatIsBeyondTheRateIsToldASecondLaterByWhoeverEnds) {
  SetAccessLog({1, 2, 3});
  for (int i = 0; i < 7; ++i) Note(serve::Answer::kRefused);
  for (int i = 0; i < 5; ++i) Note(serve::Answer::kPrediction);
  SetAccessLog({0, 2, 3});
  now_ += 999ms;
  Note(serve::Answer::kPrediction);
  now_ += 1ms;
  Note(serve::Answer::kPrediction);  // it has no line of its own
  Note(serve::Answer::kRefused);
  const std::string lines = Lines();
  EXPECT_EQ(CountOf(lines, "warning event=request "), 3U);
  EXPECT_EQ(CountOf(lines, "info event=request "), 3U);
  EXPECT_EQ(CountOf(lines, "warning event=misses_not_logged count=5\n"), 1U);
  EXPECT_EQ(CountOf(lines, "info event=samples_not_logged count=2\n"), 1U);
}

TEST_F(AccessLogTest, WhatWasLeftOutAtTheEndIsTold) {
  SetAccessLog({0, 0, 0});
  Note(serve::Answer::kTimeout);
  EXPECT_THAT(Lines(), HasSubstr("event=misses_not_logged count=1\n"));
}

TEST_F(AccessLogTest, BelowTheLevelNothingIsWrittenOrCountedAsLeftOut) {
  SetAccessLog({1, 0, 0});
  SetLogLevel(LogLevel::kError);
  Note(serve::Answer::kTimeout);
  Note(serve::Answer::kPrediction);
  EXPECT_THAT(Lines(), IsEmpty());
}

}  // namespace
}  // namespace baton::app
