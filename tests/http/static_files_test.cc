// Paths onto the files of a folder, and everything that must not be reached.
#include "server/http/static_files.h"

#include <filesystem>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/http/file_request.h"
#include "tests/support/temporary_folder.h"

namespace baton::http {
namespace {

using testing::HasSubstr;
using testing_support::TemporaryFolder;

constexpr net::ClientAddress kClient{1};

class StaticFilesTest : public testing::Test {
 protected:
  StaticFilesTest() {
    around_.Write("secret", "SECRET");
    around_.Write("root/hello.txt", "hello");
    around_.Write("root/sub/inner.json", "{}");
  }

  StaticFiles Open(std::size_t max_open = 10) const {
    auto opened = StaticFiles::Open({{"/static", around_.path() / "root"}}, max_open);
    EXPECT_TRUE(opened);
    return *std::move(opened);
  }
  void Link(const std::string& name, const std::string& to) const {
    std::filesystem::create_symlink(to, around_.path() / "root" / name);
  }
  // Of a path as it is after parsing, whatever a client would have to write for it.
  int StatusOf(const std::string& path) const {
    Request request;
    request.method = Method::kGet;
    request.path = path;
    return Open().Respond(request, kClient, std::time(nullptr)).status;
  }

  TemporaryFolder around_;
};

std::string BytesOf(const Response& response) {
  std::string bytes(response.file->size, '?');
  EXPECT_EQ(pread(response.file->file->get(), bytes.data(), bytes.size(),
                  static_cast<off_t>(response.file->offset)),
            static_cast<ssize_t>(bytes.size()));
  return bytes;
}

TEST_F(StaticFilesTest, FilesAreFoundAtAnyDepth) {
  StaticFiles files = Open();
  EXPECT_EQ(BytesOf(files.Respond(Ask("/static/hello.txt"), kClient, std::time(nullptr))), "hello");
  const Response inner = files.Respond(Ask("/static/sub/inner.json"), kClient, std::time(nullptr));
  EXPECT_EQ(BytesOf(inner), "{}");
  EXPECT_EQ(inner.content_type, "application/json");
}

TEST_F(StaticFilesTest, ItCoversItsPrefixesAndWhatIsBeneath) {
  const StaticFiles files = Open();
  EXPECT_TRUE(files.Covers("/static"));
  EXPECT_TRUE(files.Covers("/static/a/b"));
  EXPECT_FALSE(files.Covers("/statics"));
  EXPECT_FALSE(files.Covers("/"));
  EXPECT_FALSE(files.Covers("/hello.txt"));
}

TEST_F(StaticFilesTest, FoldersAndWhatIsNotThereAre404) {
  for (const char* path : {"/static", "/static/", "/static/sub", "/static/sub/", "/static/nothing",
                           "/static/hello.txt/", "/static/hello.txt/x", "/static/."}) {
    EXPECT_EQ(StatusOf(path), 404) << path;
  }
  EXPECT_EQ(StatusOf("/static/" + std::string(300, 'x')), 404);
  EXPECT_EQ(StatusOf("/static/" + std::string(5000, 'x')), 404);
}

TEST_F(StaticFilesTest, NoPathLeavesTheFolder) {
  for (const char* path : {"/static/../secret", "/static/sub/../../secret", "/static//etc/passwd",
                           "/static//hello.txt", "/static/sub//inner.json"}) {
    EXPECT_EQ(StatusOf(path), 404) << path;
  }
  EXPECT_EQ(StatusOf("/static/" + (around_.path() / "secret").string()), 404);
}

TEST_F(StaticFilesTest, HiddenFilesAreNotServed) {
  around_.Write("root/.hidden", "x");
  around_.Write("root/.git/config", "x");
  around_.Write("root/sub/.env", "x");
  for (const char* path : {"/static/.hidden", "/static/.git/config", "/static/sub/.env"}) {
    EXPECT_EQ(StatusOf(path), 404) << path;
  }
}

TEST_F(StaticFilesTest, SymlinksCountWhileTheyStayInside) {
  Link("inside", "hello.txt");
  Link("sub/up", "../hello.txt");
  Link("folder", "sub");
  EXPECT_EQ(StatusOf("/static/inside"), 200);
  EXPECT_EQ(StatusOf("/static/sub/up"), 200);
  EXPECT_EQ(StatusOf("/static/folder/inner.json"), 200);
}

TEST_F(StaticFilesTest, SymlinksThatLeaveOrAreAbsoluteAre404) {
  Link("out", "../secret");
  Link("out_folder", "..");
  Link("through", "../root/hello.txt");
  Link("absolute", (around_.path() / "root/hello.txt").string());
  Link("magic", "/proc/self/root/etc/passwd");
  Link("loop", "loop");
  for (const char* path : {"/static/out", "/static/out_folder/secret", "/static/through",
                           "/static/absolute", "/static/magic", "/static/loop"}) {
    EXPECT_EQ(StatusOf(path), 404) << path;
  }
}

TEST_F(StaticFilesTest, WhatIsNoRegularFileIsNotOpened) {
  const std::string fifo = around_.path() / "root/fifo";
  ASSERT_EQ(mkfifo(fifo.c_str(), 0644), 0);
  Link("null", "fifo");
  EXPECT_EQ(StatusOf("/static/fifo"), 404);
  EXPECT_EQ(StatusOf("/static/null"), 404);
}

TEST_F(StaticFilesTest, WhatMayNotBeReadIs403) {
  if (geteuid() == 0) GTEST_SKIP() << "root may read everything";
  std::filesystem::permissions(around_.path() / "root/hello.txt", std::filesystem::perms::none);
  EXPECT_EQ(StatusOf("/static/hello.txt"), 403);
}

TEST_F(StaticFilesTest, ErrorsNameThePathInTheirBody) {
  const Response response = Open().Respond(Ask("/static/no%22thing"), kClient, std::time(nullptr));
  EXPECT_EQ(response.body, R"({"error":"nothing is served at '/static/no\"thing'"})");
}

TEST_F(StaticFilesTest, OtherMethodsNeedNoFile) {
  EXPECT_FALSE(StaticFiles::RespondWithoutFile(Ask("/static/hello.txt")));
  EXPECT_FALSE(StaticFiles::RespondWithoutFile(Ask("/static/hello.txt", "", "HEAD")));
  const auto deleted = StaticFiles::RespondWithoutFile(Ask("/static/hello.txt", "", "DELETE"));
  ASSERT_TRUE(deleted);
  EXPECT_EQ(deleted->status, 405);
  EXPECT_THAT(deleted->headers, HasSubstr("Allow: GET, HEAD\r\n"));
  const auto options = StaticFiles::RespondWithoutFile(Ask("/static/hello.txt", "", "OPTIONS"));
  ASSERT_TRUE(options);
  EXPECT_EQ(options->status, 204);
  EXPECT_THAT(options->headers, HasSubstr("Allow: GET, HEAD\r\n"));
}

TEST_F(StaticFilesTest, WhoReadsTheSameFileSharesItsDescriptor) {
  StaticFiles files = Open(1);
  const Response one = files.Respond(Ask("/static/hello.txt"), kClient, std::time(nullptr));
  const Response two = files.Respond(Ask("/static/hello.txt"), kClient, std::time(nullptr));
  EXPECT_EQ(one.file->file, two.file->file);
}

TEST_F(StaticFilesTest, MoreOpenFilesThanItMayHaveAre503) {
  StaticFiles files = Open(1);
  const Response one = files.Respond(Ask("/static/hello.txt"), kClient, std::time(nullptr));
  const Response two = files.Respond(Ask("/static/sub/inner.json"), kClient, std::time(nullptr));
  EXPECT_EQ(two.status, 503);
  EXPECT_THAT(two.headers, HasSubstr("Retry-After: 1\r\n"));
}

TEST_F(StaticFilesTest, AFileThatIsReplacedIsAnotherAndTheOldOneIsSentToItsEnd) {
  StaticFiles files = Open();
  const Response before = files.Respond(Ask("/static/hello.txt"), kClient, std::time(nullptr));
  around_.Write("root/new", "other");
  std::filesystem::rename(around_.path() / "root/new", around_.path() / "root/hello.txt");
  const Response after = files.Respond(Ask("/static/hello.txt"), kClient, std::time(nullptr));
  EXPECT_EQ(BytesOf(before), "hello");
  EXPECT_EQ(BytesOf(after), "other");
  EXPECT_NE(before.headers, after.headers);
}

TEST_F(StaticFilesTest, AFolderThatIsNotThereIsSaid) {
  const auto opened = StaticFiles::Open({{"/static", around_.path() / "nothing"}}, 1);
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().message, HasSubstr("nothing': No such file or directory"));
}

}  // namespace
}  // namespace baton::http
