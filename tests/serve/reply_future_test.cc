// A promise that is kept once, and a future that sees it.
#include "server/serve/reply_future.h"

#include <optional>
#include <thread>
#include <utility>

#include <gtest/gtest.h>

namespace baton::serve {
namespace {

Reply Prediction(std::string body) {
  Reply reply;
  reply.answer = Answer::kPrediction;
  reply.body = std::move(body);
  return reply;
}

TEST(ReplyFutureTest, IsReadyOnceItsPromiseIsKeptAndUntilItIsTaken) {
  ReplyPromise promise;
  ReplyFuture future = promise.future();
  EXPECT_FALSE(future.IsReady());
  promise.Keep(Prediction("{}"));
  ASSERT_TRUE(future.IsReady());
  EXPECT_EQ(future.Take().body, "{}");
  EXPECT_FALSE(future.IsReady());
}

TEST(ReplyFutureTest, OfADroppedPromiseIsNeverReady) {
  std::optional<ReplyPromise> promise(std::in_place);
  const ReplyFuture future = promise->future();
  promise.reset();
  EXPECT_FALSE(future.IsReady());
  EXPECT_FALSE(ReplyFuture().IsReady());
}

TEST(ReplyFutureTest, KeepsTheReplyBeyondThePromise) {
  std::optional<ReplyPromise> promise(std::in_place);
  ReplyFuture future = promise->future();
  promise->Keep(Prediction("still here"));
  promise.reset();
  EXPECT_EQ(future.Take().body, "still here");
}

TEST(ReplyFutureTest, APromiseMayBeKeptForAFutureThatHasGone) {
  ReplyPromise promise;
  static_cast<void>(promise.future());
  promise.Keep(Prediction("nobody cares"));
}

TEST(ReplyFutureTest, MovesTakeTheStateAlong) {
  ReplyPromise promise;
  ReplyFuture future = promise.future();
  ReplyPromise moved(std::move(promise));
  ReplyFuture other;
  other = std::move(future);
  moved.Keep(Prediction("{}"));
  EXPECT_TRUE(other.IsReady());
}

TEST(ReplyFutureTest, AKeptPromiseIsSeenWholeByAnotherThread) {
  for (int i = 0; i < 200; ++i) {
    ReplyPromise promise;
    ReplyFuture future = promise.future();
    std::thread worker([promise = std::move(promise), i]() mutable {
      promise.Keep(Prediction(std::to_string(i)));
    });
    while (!future.IsReady()) std::this_thread::yield();
    EXPECT_EQ(future.Take().body, std::to_string(i));
    worker.join();
  }
}

}  // namespace
}  // namespace baton::serve
