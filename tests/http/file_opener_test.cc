// Requests on their way to the thread that opens files, and back to the loop.
#include "server/http/file_opener.h"

#include <memory>
#include <optional>
#include <string>
#include <sys/stat.h>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/http/file_request.h"
#include "tests/support/loop_harness.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/wait_until.h"

namespace baton::http {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing_support::LoopHarness;
using testing_support::TemporaryFolder;
using testing_support::WaitUntil;

class FileOpenerTest : public testing::Test {
 protected:
  FileOpenerTest() { folder_.Write("hello.txt", "hello"); }

  void Make(std::size_t capacity) {
    auto files = StaticFiles::Open({{"/static", folder_.path()}}, 10);
    opener_.emplace(*std::move(files), capacity);
  }
  std::optional<Response> Ask(const std::string& path, const std::string& method = "GET") {
    return opener_->Ask(http::Ask(path, "", method), net::ClientAddress{1}, loop_.loop(),
                        [this](Response&& response) {
                          loop_.loop().AssertOnLoop();
                          statuses_.push_back(response.status);
                        });
  }

  TemporaryFolder folder_;
  LoopHarness loop_;
  std::optional<FileOpener> opener_;
  std::vector<int> statuses_;
};

TEST_F(FileOpenerTest, AnswersComeToTheLoopInTheOrderOfTheRequests) {
  Make(10);
  EXPECT_FALSE(Ask("/static/hello.txt"));
  EXPECT_FALSE(Ask("/static/nothing"));
  EXPECT_FALSE(Ask("/static/hello.txt", "HEAD"));
  WaitUntil([&] {
    loop_.Turn();
    return statuses_.size() == 3;
  });
  EXPECT_THAT(statuses_, ElementsAre(200, 404, 200));
}

TEST_F(FileOpenerTest, WhatNeedsNoFileIsAnsweredAtOnce) {
  Make(0);
  EXPECT_EQ(Ask("/static/hello.txt", "POST")->status, 405);
  EXPECT_EQ(Ask("/static/hello.txt", "OPTIONS")->status, 204);
}

TEST_F(FileOpenerTest, WhenTooManyWaitTheNextIsTurnedAway) {
  Make(0);
  const auto response = Ask("/static/hello.txt");
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 503);
  EXPECT_THAT(response->headers, HasSubstr("Retry-After: 1\r\n"));
}

TEST_F(FileOpenerTest, OnceItIsStoppedNobodyIsCalled) {
  Make(1000);
  for (int i = 0; i < 100; ++i) Ask("/static/hello.txt");
  opener_->Stop();
  loop_.Turn();
  const std::size_t called = statuses_.size();
  EXPECT_FALSE(Ask("/static/hello.txt"));
  loop_.Turns(3);
  EXPECT_EQ(statuses_.size(), called);
}

TEST_F(FileOpenerTest, ItMayGoWhileRequestsWait) {
  Make(1000);
  for (int i = 0; i < 100; ++i) Ask("/static/hello.txt");
  opener_.reset();
  loop_.Turn();
  EXPECT_LE(statuses_.size(), 100u);
}

}  // namespace
}  // namespace baton::http
