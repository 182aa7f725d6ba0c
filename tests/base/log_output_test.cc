// Lines that cannot be written, files that are renamed, and pipes that nobody reads.
#include "server/base/log_output.h"

#include <csignal>
#include <cstdint>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <poll.h>
#include <string>
#include <sys/resource.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/base/log.h"

namespace baton {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class LogOutputTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = fs::temp_directory_path() / "baton-log-XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    old_handler_ = std::signal(SIGPIPE, SIG_IGN);  // as the server does
  }
  void TearDown() override {
    std::signal(SIGPIPE, old_handler_);
    fs::remove_all(folder_);
  }

  std::string PathOf(const std::string& name) const { return folder_ / name; }
  std::string Text(const std::string& name) const {
    std::ifstream file(PathOf(name));
    return {std::istreambuf_iterator<char>(file), {}};
  }
  UniqueFd Open(const std::string& name) const {
    auto opened = LogOutput::OpenFile(PathOf(name));
    EXPECT_TRUE(opened) << opened.error().message;
    return opened ? *std::move(opened) : UniqueFd();
  }
  LogOptions ToFile(const std::string& name) const {
    LogOptions options;
    options.format = LogOptions::Format::kText;
    options.file = PathOf(name);
    return options;
  }

  fs::path folder_;
  void (*old_handler_)(int) = SIG_DFL;
};

TEST_F(LogOutputTest, LinesAreAppendedToWhatAFileHas) {
  std::ofstream(PathOf("log")) << "old\n";
  LogOutput output(Open("log"));
  EXPECT_EQ(output.Write("one\ntwo\n"), 0U);
  EXPECT_EQ(output.Write("three\n"), 0U);
  EXPECT_EQ(Text("log"), "old\none\ntwo\nthree\n");
}

TEST_F(LogOutputTest, AFileIsReplacedBetweenLines) {
  LogOutput output(Open("first"));
  EXPECT_EQ(output.Write("1\n"), 0U);
  output.Replace(Open("unused"));
  output.Replace(Open("second"));
  EXPECT_EQ(output.Write("2\n"), 0U);
  EXPECT_EQ(output.Write("3\n"), 0U);
  EXPECT_EQ(Text("first"), "1\n");
  EXPECT_EQ(Text("unused"), "");
  EXPECT_EQ(Text("second"), "2\n3\n");
}

TEST_F(LogOutputTest, LinesOfAFullDiskAreCounted) {
  auto full = LogOutput::OpenFile("/dev/full");
  ASSERT_TRUE(full);
  LogOutput output(*std::move(full));
  EXPECT_EQ(output.Write("1\n2\n3\n"), 3U);
  EXPECT_EQ(output.Write("4\n"), 1U);
}

// A limit of the process on the sizes of files cuts a write off as a full disk does.
TEST_F(LogOutputTest, ALineThatDidNotFitIsTakenBack) {
  void (*const old_xfsz)(int) = std::signal(SIGXFSZ, SIG_IGN);
  LogOutput output(Open("log"));
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit small = before;
  small.rlim_cur = 12;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  const std::uint64_t lost = output.Write("first\nsecond is long\nthird\n");
  const std::uint64_t lost_at_once = output.Write("too long\n");
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, old_xfsz);
  EXPECT_EQ(lost, 2U);
  EXPECT_EQ(lost_at_once, 1U);
  EXPECT_EQ(Text("log"), "first\n");
  EXPECT_EQ(output.Write("fourth\n"), 0U);
  EXPECT_EQ(Text("log"), "first\nfourth\n");
}

TEST_F(LogOutputTest, AClosedPipeLosesLinesAndNothingElse) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  LogOutput output{UniqueFd(ends[1])};
  UniqueFd reader(ends[0]);
  EXPECT_EQ(output.Write("1\n"), 0U);
  reader.Reset();
  EXPECT_EQ(output.Write("2\n3\n"), 2U);
}

TEST_F(LogOutputTest, APipeThatNobodyReadsIsGivenUpInTheEnd) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  const UniqueFd reader(ends[0]);
  LogOutput output{UniqueFd(ends[1])};
  std::string lines;
  for (int i = 0; i < 40'000; ++i) lines += "12345678\n";  // more than a pipe holds
  std::uint64_t lost = 0;
  std::thread writer([&] { lost = output.Write(lines); });
  output.GiveUp();
  writer.join();
  EXPECT_GT(lost, 0U);
  EXPECT_LT(lost, 40'000U);
  EXPECT_EQ(output.Write("one more\n"), 1U);
}

TEST_F(LogOutputTest, WhatCannotBeOpenedIsSaidBeforeAndMadeByNobody) {
  EXPECT_TRUE(CheckLogFile(""));
  EXPECT_TRUE(CheckLogFile(PathOf("new")));
  EXPECT_FALSE(fs::exists(PathOf("new")));
  const Status missing = CheckLogFile(PathOf("nowhere/log"));
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().message,
              AllOf(HasSubstr("cannot write the log to '" + PathOf("nowhere/log")),
                    HasSubstr("No such file or directory")));
  EXPECT_THAT(CheckLogFile(folder_).error().message, HasSubstr("Is a directory"));
  ASSERT_EQ(mkfifo(PathOf("pipe").c_str(), 0600), 0);
  EXPECT_TRUE(CheckLogFile(PathOf("pipe"))) << "its reader may come until the server starts";
  EXPECT_THAT(LogOutput::OpenFile(PathOf("pipe")).error().message,
              HasSubstr("nobody reads this pipe"));
}

TEST_F(LogOutputTest, TheReaderOfAPipeSeesNoEndOfItByACheck) {
  ASSERT_EQ(mkfifo(PathOf("pipe").c_str(), 0600), 0);
  const UniqueFd reader(open(PathOf("pipe").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  ASSERT_TRUE(reader.valid());
  EXPECT_TRUE(CheckLogFile(PathOf("pipe")));
  pollfd end{reader.get(), POLLIN, 0};
  EXPECT_EQ(poll(&end, 1, 0), 0) << end.revents;
}

TEST_F(LogOutputTest, AFileThatIsMadeIsItsOwnersAlone) {
  const mode_t before = umask(0);
  EXPECT_TRUE(Open("log").valid());
  umask(before);
  EXPECT_EQ(fs::status(PathOf("log")).permissions(),
            fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(LogOutputTest, ARenamedFileGetsWhatCameBeforeTheReopening) {
  {
    const LogGuard guard(ToFile("log"));
    Log(LogLevel::kInfo, "before");
    fs::rename(PathOf("log"), PathOf("log.1"));
    ReopenLog();
    Log(LogLevel::kInfo, "after");
  }
  EXPECT_THAT(Text("log"), AllOf(HasSubstr("event=log_reopened file="), HasSubstr("event=after")));
  EXPECT_THAT(Text("log.1") + Text("log"), HasSubstr("event=before"));
  EXPECT_THAT(Text("log.1"), Not(HasSubstr("event=after")));
}

TEST_F(LogOutputTest, AFileThatCannotBeOpenedAnewIsKept) {
  fs::create_directory(PathOf("sub"));
  {
    const LogGuard guard(ToFile("sub/log"));
    Log(LogLevel::kInfo, "before");
    fs::rename(PathOf("sub"), PathOf("moved"));
    ReopenLog();
    Log(LogLevel::kInfo, "after");
  }
  EXPECT_THAT(Text("moved/log"),
              AllOf(HasSubstr("event=before"), HasSubstr(" error event=log_not_reopened reason="),
                    HasSubstr("event=after")));
}

TEST_F(LogOutputTest, WhatWasLostIsSaidOnceLinesCanBeWrittenAgain) {
  const std::uint64_t before = LogLinesDropped();
  LogOptions options = ToFile("log");
  fs::create_symlink("/dev/full", PathOf("log"));
  {
    const LogGuard guard(options);
    for (int i = 0; i < 5; ++i) Log(LogLevel::kInfo, "lost");
    while (LogLinesDropped() - before < 5) std::this_thread::yield();
    fs::remove(PathOf("log"));
    ReopenLog();
  }
  EXPECT_THAT(Text("log"), HasSubstr(" warning event=log_lines_lost count=5\n"));
  EXPECT_EQ(LogLinesDropped() - before, 5U);
}

}  // namespace
}  // namespace baton
