// Log lines as they leave on standard error, and the counts of those written and overrun.
#include "server/base/log.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/base/fd.h"
#include "tests/support/temporary_folder.h"

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

std::size_t CountOf(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != text.npos; ++at) ++count;
  return count;
}

// The sum over the lines that say how many are missing.
std::uint64_t LostAsTold(const std::string& text) {
  const std::string before = "event=log_lines_lost count=";
  std::uint64_t sum = 0;
  for (std::size_t at = 0; (at = text.find(before, at)) != text.npos; at += before.size()) {
    sum += std::stoull(text.substr(at + before.size()));
  }
  return sum;
}

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

const LogOptions kJson{LogOptions::Format::kJson, LogLevel::kInfo};
const LogOptions kText{LogOptions::Format::kText, LogLevel::kInfo};
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

TEST(LogTest, AModuleWithALevelOfItsOwnIsLeftAloneByTheOthers) {
  const char* const net = "/any/server/net/acceptor.cc";
  const char* const app = "/any/server/app/server.cc";
  const std::string lines = Logged(kText, [&] {
    LogLevels levels{LogLevel::kWarning, {}};
    levels.of_module[static_cast<std::size_t>(LogModule::kNet)] = LogLevel::kDebug;
    SetLogLevels(levels);
    EXPECT_TRUE(IsLogged(LogLevel::kDebug, net));
    EXPECT_FALSE(IsLogged(LogLevel::kInfo, app));
    Log(LogLevel::kDebug, "of_net", {}, net);
    Log(LogLevel::kInfo, "of_app", {}, app);
    Log(LogLevel::kInfo, "of_this_file");
    Log(LogLevel::kWarning, "warning_of_app", {}, app);
  });
  EXPECT_THAT(lines, MatchesRegex(".*event=of_net\n.*event=warning_of_app\n"));
}

TEST(LogTest, AModuleIsTheRoomOfTheFileWhereverTheTreeIs) {
  EXPECT_EQ(LogModuleOf("server/net/tls/tls_certificate.cc"), LogModule::kNet);
  EXPECT_EQ(LogModuleOf("/srv/server/baton/server/models/onnxruntime/library.cc"),
            LogModule::kModels);
  EXPECT_EQ(LogModuleOf("../../admin/service/admin_door.cc"), LogModule::kAdmin);
  EXPECT_EQ(LogModuleOf("/home/server/x/tests/base/log_test.cc"), LogModule::kBase);
  for (const LogModule module : kAllLogModules) {
    if (module == LogModule::kAdmin) continue;
    EXPECT_EQ(LogModuleOf("server/" + std::string(ToText(module)) + "/x.cc"), module);
  }
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

TEST(LogTest, WhatMovesATerminalOrTurnsTextAroundIsEscaped) {
  const auto write = [] {
    Log(LogLevel::kInfo, "e",
        {{"clear", "\x1b[2J"},
         {"c1",
          "\xc2\x9b"
          "2J"},
         {"line",
          "a\xe2\x80\xa8"
          "b"},
         {"turned",
          "\xe2\x80\xae"
          "x"},
         {"broken", "\xff\xfe"},
         {"letters", "\xc3\xa9\xe2\x82\xac"}});
  };
  const std::string text = Logged(kText, write);
  EXPECT_THAT(text, HasSubstr(R"(clear="\u001b[2J" c1="\u009b2J" line="a\u2028b")"
                              R"( turned="\u202ex")"
                              " broken=\"\xef\xbf\xbd\xef\xbf\xbd\""
                              " letters=\"\xc3\xa9\xe2\x82\xac\"\n"));
  EXPECT_THAT(Logged(kJson, write), HasSubstr(R"("clear":"\u001b[2J","c1":"\u009b2J")"));
}

TEST(LogTest, EveryByteAClientMaySendLeavesOneLine) {
  std::string all;
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  for (const LogOptions& options : {kText, kJson}) {
    const std::string line = Logged(options, [&] { Log(LogLevel::kInfo, "e", {{"x", all}}); });
    EXPECT_EQ(CountOf(line, "\n"), 1U);
    for (const char c : line) EXPECT_TRUE(c < 0 || c >= ' ' || c == '\n') << static_cast<int>(c);
  }
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
  const std::size_t told = CountOf(all, "event=log_lines_lost");
  EXPECT_GE(told, 1U);
  EXPECT_EQ(written - told + (LogLinesDropped() - dropped_before), kLines);
  EXPECT_EQ(LostAsTold(all), LogLinesDropped() - dropped_before);
  EXPECT_THAT(all, HasSubstr("i=9999\n"));
}

// A worker that is stuck in a model may have something to say while the process ends.
TEST(LogTest, WhoLogsWhileTheLogEndsLosesNoLineThatIsCounted) {
  const testing_support::TemporaryFolder folder;
  const LogOptions options{.format = LogOptions::Format::kText, .file = folder.path() / "log"};
  const std::uint64_t written = LogLinesWritten(LogLevel::kInfo);
  const std::uint64_t dropped = LogLinesDropped();
  std::atomic<bool> goes_on{true};
  std::thread writer([&] {
    while (goes_on) Log(LogLevel::kInfo, "e");
  });
  for (int i = 0; i < 200; ++i) {
    const LogGuard guard(options);
    for (int line = 0; line < 10; ++line) Log(LogLevel::kInfo, "e");
  }
  goes_on = false;
  writer.join();
  std::ifstream file(folder.path() / "log");
  const std::string all{std::istreambuf_iterator<char>(file), {}};
  const std::size_t there = CountOf(all, " event=e\n");
  EXPECT_GE(there, 2000U);
  EXPECT_EQ(there + (LogLinesDropped() - dropped), LogLinesWritten(LogLevel::kInfo) - written);
}

}  // namespace
}  // namespace baton
