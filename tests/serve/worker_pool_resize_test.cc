// The pool's size, changed while it works.
#include <atomic>
#include <pwd.h>
#include <random>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/serve/worker_pool.h"
#include "tests/serve/pool_harness.h"
#include "tests/support/child_process.h"
#include "tests/support/wait_until.h"

namespace baton::serve {
namespace {

using testing::HasSubstr;
using testing_support::FakeHandler;
using testing_support::FunctionHandler;
using testing_support::RecordingSink;
using testing_support::WaitUntil;

using Harness = PoolHarness<SystemClock>;

std::size_t Alive(Harness& harness) { return harness.scheduler().figures().alive_workers; }

TEST(WorkerPoolResizeTest, SizesOutsideTheLimitsAreErrorsThatSayWhatIsExpected) {
  Harness harness;
  ASSERT_TRUE(harness.pool().Resize(2));
  for (const int size : {0, -1, 1025}) {
    const Status resized = harness.pool().Resize(size);
    ASSERT_FALSE(resized);
    EXPECT_EQ(resized.error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(resized.error().field, "size");
    EXPECT_THAT(resized.error().message, HasSubstr("size is " + std::to_string(size)));
    EXPECT_THAT(resized.error().message, HasSubstr("1 to 1024"));
  }
  EXPECT_EQ(harness.pool().size(), 2);
  EXPECT_EQ(Alive(harness), 2u);
}

TEST(WorkerPoolResizeTest, TheLimitsThemselvesAreAllowed) {
  EXPECT_TRUE(WorkerPool::CheckSize(1));
  EXPECT_TRUE(WorkerPool::CheckSize(1024));
}

TEST(WorkerPoolResizeTest, ItGrowsAtOnce) {
  Harness harness;
  FakeHandler handler;
  ASSERT_TRUE(harness.pool().Resize(1));
  for (int i = 0; i < 4; ++i) harness.Submit(handler);
  handler.WaitUntilStarted(1);
  ASSERT_TRUE(harness.pool().Resize(4));
  handler.WaitUntilStarted(4);  // side by side: none has finished
  EXPECT_EQ(harness.scheduler().figures().busy_workers, 4u);
  handler.FinishAll();
  EXPECT_EQ(harness.sink().WaitFor(4).size(), 4u);
}

TEST(WorkerPoolResizeTest, ItShrinksByLettingWorkersFinish) {
  Harness harness;
  FakeHandler handler;
  ASSERT_TRUE(harness.pool().Resize(4));
  for (int i = 0; i < 4; ++i) harness.Submit(handler);
  handler.WaitUntilStarted(4);
  ASSERT_TRUE(harness.pool().Resize(1));  // does not wait
  EXPECT_EQ(harness.pool().size(), 1);
  EXPECT_EQ(Alive(harness), 4u);
  handler.FinishAll();
  EXPECT_EQ(harness.sink().WaitFor(4).size(), 4u);
  WaitUntil([&] { return Alive(harness) == 1; });
}

TEST(WorkerPoolResizeTest, WorkersThatWereToGoStayWhenItGrowsAgain) {
  Harness harness;
  FakeHandler handler;
  ASSERT_TRUE(harness.pool().Resize(3));
  for (int i = 0; i < 3; ++i) harness.Submit(handler);
  handler.WaitUntilStarted(3);
  ASSERT_TRUE(harness.pool().Resize(1));
  ASSERT_TRUE(harness.pool().Resize(3));
  EXPECT_EQ(Alive(harness), 3u);
  handler.FinishAll();
  harness.sink().WaitFor(3);
  EXPECT_EQ(Alive(harness), 3u);
}

TEST(WorkerPoolResizeTest, AfterStopNoWorkerStartsAnother) {
  Harness harness;
  FakeHandler running;
  FakeHandler waiting;
  ASSERT_TRUE(harness.pool().Resize(1));
  harness.Submit(running);
  running.WaitUntilStarted(1);
  harness.Submit(waiting);
  harness.pool().Stop();
  running.FinishAll();
  WaitUntil([&] { return Alive(harness) == 0; });
  EXPECT_EQ(harness.sink().completions().size(), 1u);
  EXPECT_EQ(waiting.started(), 0u);
}

TEST(WorkerPoolReplaceTest, AnotherWorkerStandsInForOneThatIsStuck) {
  Harness harness;
  FakeHandler stuck, waiting;
  ASSERT_TRUE(harness.pool().Resize(1));
  harness.Submit(stuck);
  stuck.WaitUntilStarted(1);
  harness.Submit(waiting);
  harness.pool().Replace(1);
  waiting.WaitUntilStarted(1);  // side by side with the stuck one
  EXPECT_EQ(harness.pool().size(), 1);
  EXPECT_EQ(Alive(harness), 2u);
  stuck.FinishAll();
  waiting.FinishAll();
  harness.sink().WaitFor(2);
}

TEST(WorkerPoolReplaceTest, WhenNobodyIsStuckAnyMoreThePoolIsAsLargeAsBefore) {
  Harness harness;
  FakeHandler stuck;
  ASSERT_TRUE(harness.pool().Resize(2));
  harness.Submit(stuck);
  stuck.WaitUntilStarted(1);
  harness.pool().Replace(1);
  EXPECT_EQ(Alive(harness), 3u);
  stuck.FinishAll();
  harness.sink().WaitFor(1);
  harness.pool().Replace(0);
  WaitUntil([&] { return Alive(harness) == 2; });
  EXPECT_EQ(harness.pool().size(), 2);
}

TEST(WorkerPoolReplaceTest, ReplacementsComeOnTopOfEverySize) {
  Harness harness;
  ASSERT_TRUE(harness.pool().Resize(2));
  harness.pool().Replace(1);
  ASSERT_TRUE(harness.pool().Resize(3));
  EXPECT_EQ(harness.pool().size(), 3);
  EXPECT_EQ(Alive(harness), 4u);
}

TEST(WorkerPoolReplaceTest, AfterStopNobodyIsReplaced) {
  Harness harness;
  ASSERT_TRUE(harness.pool().Resize(1));
  harness.pool().Stop();
  WaitUntil([&] { return Alive(harness) == 0; });
  harness.pool().Replace(1);
  EXPECT_EQ(Alive(harness), 0u);
}

TEST(WorkerPoolResizeTest, UnderRandomResizesEveryTicketCompletesExactlyOnce) {
  constexpr std::uint64_t kTickets = 4000;
  constexpr std::uint32_t kSeed = 7;
  Harness harness;
  std::vector<std::atomic<int>> runs(kTickets + 1);
  std::atomic<std::uint64_t> next{0};
  const FunctionHandler handler([&](const Call& /*call*/, RunContext& /*context*/) {
    ++runs[++next];
    return Outcome{"{}", std::nullopt};
  });
  ASSERT_TRUE(harness.pool().Resize(1));
  std::atomic<bool> is_done{false};
  std::jthread operator_thread([&] {
    std::mt19937 random(kSeed);
    while (!is_done) {
      EXPECT_TRUE(harness.pool().Resize(static_cast<int>(random() % 8 + 1)));
      std::this_thread::yield();
    }
  });
  for (std::uint64_t i = 0; i < kTickets; ++i) harness.Submit(handler);
  const std::vector<RecordingSink::Completed> completions = harness.sink().WaitFor(kTickets);
  is_done = true;
  operator_thread.join();
  EXPECT_EQ(completions.size(), kTickets) << "seed " << kSeed;
  EXPECT_EQ(next, kTickets) << "seed " << kSeed;
  for (const RecordingSink::Completed& completion : completions) {
    ASSERT_EQ(harness.Claim(completion.id).answer, Answer::kPrediction);
  }
  EXPECT_EQ(harness.pending().size(), 0u);
}

// Leaves room for the first threads only; of a user that has none, since root knows no such limit.
int ResizeWhereThreadsRunOut(uid_t user) {
  Harness harness;
  if (!harness.pool().Resize(2)) return 2;
  const rlimit none{1, 1};
  if (setrlimit(RLIMIT_NPROC, &none) != 0 || setuid(user) != 0) return 3;
  const Status resized = harness.pool().Resize(4);
  if (resized || resized.error().code != ErrorCode::kResourceExhausted) return 4;
  if (harness.pool().size() != 2 || harness.scheduler().figures().wanted_workers != 2) return 5;
  return Alive(harness) == 2 ? 0 : 6;
}

TEST(WorkerPoolResizeTest, WhereThreadsRunOutTheSizeIsWhatCouldBeHad) {
  const passwd* const nobody = getpwnam("nobody");
  if (geteuid() != 0 || nobody == nullptr) GTEST_SKIP() << "needs root, and a user `nobody`";
  const uid_t user = nobody->pw_uid;
  EXPECT_EQ(testing_support::InAChild([&] { return ResizeWhereThreadsRunOut(user); }), 0);
}

}  // namespace
}  // namespace baton::serve
