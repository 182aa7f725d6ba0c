// Log lines as they leave on standard error, and the counts of those written and overrun.
#include "server/base/log.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <fcntl.h>
#include <string>
#include <thread>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/base/fd.h"

namespace baton {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;

// Standard error goes into a pipe for as long as this lives.
class CapturedStderr {
 public:
  CapturedStderr() : saved_(dup(STDERR_FILENO)) {
    int ends[2];
    EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
    read_end_.Reset(ends[0]);
    const UniqueFd write_end(ends[1]);
    dup2(write_end.get(), STDERR_FILENO);
  }
  ~CapturedStderr() { Restore(); }
  CapturedStderr(const CapturedStderr&) = delete;
  CapturedStderr& operator=(const CapturedStderr&) = delete;

  // The smallest capacity there is: the writer waits after one page of lines.
  void MakeSmall() { EXPECT_GE(fcntl(read_end_.get(), F_SETPIPE_SZ, 4096), 0); }
  void Restore() {
    if (saved_.valid()) dup2(saved_.get(), STDERR_FILENO);
    saved_.Reset();
  }
  // Until the last writer has gone.
  std::string ReadAll() {
    std::string all;
    char buffer[4096];
    for (ssize_t n = 0; (n = ::read(read_end_.get(), buffer, sizeof(buffer))) > 0;) {
      all.append(buffer, static_cast<std::size_t>(n));
    }
    return all;
  }

 private:
  UniqueFd saved_;
  UniqueFd read_end_;
};

// What `write` logs under `options`.
template <typename Write>
std::string Logged(const LogOptions& options, Write write) {
  CapturedStderr captured;
  {
    const LogGuard guard(options);
    write();
  }
  captured.Restore();
  return captured.ReadAll();
}

constexpr LogOptions kJson{LogOptions::Format::kJson, LogLevel::kInfo};
constexpr LogOptions kText{LogOptions::Format::kText, LogLevel::kInfo};
#define BATON_TEST_TIMESTAMP "....-..-..T..:..:..[.]......Z"

TEST(LogTest, AJsonLineHoldsTimeLevelAndEventFirst) {
  const std::string line = Logged(kJson, [] { Log(LogLevel::kWarning, "drain_began"); });
  EXPECT_THAT(line, MatchesRegex("\\{\"ts\":\"" BATON_TEST_TIMESTAMP
                                 "\",\"level\":\"warning\",\"event\":\"drain_began\"}\n"));
}

TEST(LogTest, AJsonLineKeepsNumbersAndEscapesText) {
  const std::string line = Logged(kJson, [] {
    Log(LogLevel::kInfo, "e",
        {{"size", 4}, {"ratio", 0.5}, {"bytes", std::uint64_t{1} << 63U}, {"path", "a\"b\n"}});
  });
  EXPECT_THAT(line, HasSubstr(R"("event":"e","size":4,"ratio":0.5,"bytes":9223372036854775808,)"
                              R"("path":"a\"b\n"})"));
}

TEST(LogTest, ANewLevelHoldsForTheLinesThatFollow) {
  const std::string lines = Logged(kText, [] {
    SetLogLevel(LogLevel::kError);
    Log(LogLevel::kWarning, "left_out");
    SetLogLevel(LogLevel::kDebug);
    Log(LogLevel::kDebug, "written");
  });
  EXPECT_THAT(lines,
              testing::AllOf(HasSubstr("event=written"), testing::Not(HasSubstr("left_out"))));
}

TEST(LogTest, ATextLineHoldsTimeLevelAndEventFirst) {
  const std::string line = Logged(kText, [] { Log(LogLevel::kError, "model_failed", {{"n", 1}}); });
  EXPECT_THAT(line, MatchesRegex(BATON_TEST_TIMESTAMP " error event=model_failed n=1\n"));
}

TEST(LogTest, ATextLineQuotesWhatWouldBreakIt) {
  const std::string line = Logged(kText, [] {
    Log(LogLevel::kInfo, "e",
        {{"plain", "a/b:c"}, {"space", "a b"}, {"empty", ""}, {"forged", "x\nlevel=error"}});
  });
  EXPECT_THAT(line, HasSubstr(R"(plain=a/b:c space="a b" empty="" forged="x\nlevel=error")"));
}

TEST(LogTest, OnAPipeTheFormatOfChoiceIsJson) {
  EXPECT_THAT(Logged({}, [] { Log(LogLevel::kInfo, "e"); }), HasSubstr("\"event\":\"e\""));
}

TEST(LogTest, LinesBelowTheLevelAreNeitherWrittenNorCounted) {
  const std::uint64_t before = LogLinesWritten(LogLevel::kInfo);
  const LogOptions warnings{LogOptions::Format::kText, LogLevel::kWarning};
  EXPECT_THAT(Logged(warnings, [] { Log(LogLevel::kInfo, "e"); }), IsEmpty());
  EXPECT_EQ(LogLinesWritten(LogLevel::kInfo), before);
}

TEST(LogTest, WithoutAGuardNothingHappens) {
  const std::uint64_t before = LogLinesWritten(LogLevel::kError);
  Log(LogLevel::kError, "e");
  EXPECT_EQ(LogLinesWritten(LogLevel::kError), before);
}

TEST(LogTest, LinesAreCountedByLevel) {
  const std::uint64_t infos = LogLinesWritten(LogLevel::kInfo);
  const std::uint64_t errors = LogLinesWritten(LogLevel::kError);
  Logged(kJson, [] {
    Log(LogLevel::kInfo, "a");
    Log(LogLevel::kError, "b");
    Log(LogLevel::kError, "c");
  });
  EXPECT_EQ(LogLinesWritten(LogLevel::kInfo), infos + 1);
  EXPECT_EQ(LogLinesWritten(LogLevel::kError), errors + 2);
}

TEST(LogTest, AFullBufferOverrunsItsOldestLinesAndCountsThem) {
  constexpr std::size_t kLines = 10'000;
  const std::uint64_t dropped_before = LogLinesDropped();
  CapturedStderr captured;
  captured.MakeSmall();
  std::string all;
  std::thread reader;
  {
    const LogGuard guard(kText);
    for (std::size_t i = 0; i < kLines; ++i) Log(LogLevel::kInfo, "e", {{"i", std::uint64_t{i}}});
    EXPECT_GT(LogLinesDropped(), dropped_before);
    reader = std::thread([&] { all = captured.ReadAll(); });
  }
  captured.Restore();
  reader.join();
  const auto written = static_cast<std::size_t>(std::count(all.begin(), all.end(), '\n'));
  EXPECT_EQ(written + (LogLinesDropped() - dropped_before), kLines);
  EXPECT_THAT(all, HasSubstr("i=9999\n"));
}

}  // namespace
}  // namespace baton
