// One queue for several servers, and calls that have a thread of their own.
#include "server/rpc/call_queue.h"

#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "grpc/health/v1/health.grpc.pb.h"
#include <gmock/gmock.h>
#include <grpcpp/alarm.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "server/rpc/grpc_setup.h"
#include "server/rpc/health.h"
#include "server/rpc/open_tags.h"
#include "server/rpc/plain_calls.h"
#include "server/rpc/queued_server.h"
#include "server/rpc/tag_thread.h"
#include "server/rpc/unread_answers.h"

namespace baton::rpc {
namespace {

using grpc::health::v1::HealthCheckResponse;
using namespace std::chrono_literals;

// Tells of its handling.
class Told final : public QueueTag {
 public:
  explicit Told(TagThread* thread = nullptr) : QueueTag(thread) {}
  void Handle(bool /*ok*/) override {
    if (before) before();
    handled_on.set_value(std::this_thread::get_id());
  }

  std::function<void()> before;
  std::promise<std::thread::id> handled_on;
};

// A listener that says how it is.
struct Listener {
  Listener(CallQueue& queue, TagThread* thread)
      : unread(queue, open_tags, clock, {0, 1h}, thread),
        calls({service, queue, methods, unread, open_tags, clock, thread}) {
    grpc::ServerBuilder builder;
    SetUp(builder);
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterAsyncGenericService(&service);
    server = QueuedServer::Start(builder, queue);
    calls.Start();
  }

  grpc::StatusCode Ask() const {
    const auto stub = grpc::health::v1::Health::NewStub(grpc::CreateChannel(
        "127.0.0.1:" + std::to_string(port), grpc::InsecureChannelCredentials()));
    grpc::ClientContext context;
    HealthCheckResponse response;
    return stub->Check(&context, {}, &response).error_code();
  }

  // With the queue's thread at rest.
  template <typename Post>
  void Stop(Post post) {
    post([this] { calls.Close(); });
    server->Shutdown(1h);
    post(open_tags.Counting([this] { unread.Close(); }));
    open_tags.WaitUntilGone();
  }

  SystemClock clock;
  OpenTags open_tags;
  grpc::AsyncGenericService service;
  Health health{"some.Service"};
  PlainMethods methods = health.Methods();
  UnreadAnswers unread;
  PlainCalls calls;
  int port = 0;
  std::unique_ptr<QueuedServer> server;
};

TEST(CallQueueTest, ServersShareItAndComeAndGoByThemselves) {
  CallQueue queue;
  TagThread thread("aside");
  Listener first(queue, nullptr);
  Listener second(queue, &thread);
  queue.RunByItself();
  EXPECT_EQ(first.Ask(), grpc::StatusCode::OK);
  EXPECT_EQ(second.Ask(), grpc::StatusCode::OK);
  first.Stop([&queue](CallQueue::Task task) { queue.Post(std::move(task)); });
  EXPECT_EQ(first.Ask(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(second.Ask(), grpc::StatusCode::OK);
  Listener third(queue, nullptr);
  EXPECT_EQ(third.Ask(), grpc::StatusCode::OK);
  third.Stop([&queue](CallQueue::Task task) { queue.Post(std::move(task)); });
  second.Stop([&thread](CallQueue::Task task) { thread.Post(std::move(task)); });
}

TEST(CallQueueTest, TagsWithAThreadOfTheirOwnDoNotWaitForWhatCameBefore) {
  CallQueue queue;
  TagThread thread("aside");
  Told slow;
  Told other(&thread);
  auto slow_handled_on = slow.handled_on.get_future();
  auto other_handled_on = other.handled_on.get_future();
  bool is_other_first = false;
  slow.before = [&] {
    is_other_first = other_handled_on.wait_for(10s) == std::future_status::ready;
  };
  grpc::Alarm slow_alarm;
  grpc::Alarm other_alarm;
  slow_alarm.Set(&queue.tags(), gpr_time_0(GPR_CLOCK_MONOTONIC), slow.ToVoid());
  other_alarm.Set(&queue.tags(), gpr_time_0(GPR_CLOCK_MONOTONIC), other.ToVoid());
  queue.Wait(std::nullopt);
  queue.HandleSome();
  EXPECT_TRUE(is_other_first);
  EXPECT_EQ(slow_handled_on.get(), std::this_thread::get_id());
  EXPECT_NE(other_handled_on.get(), std::this_thread::get_id());
}

TEST(CallQueueTest, TasksRunInTheOrderInWhichTheyWerePosted) {
  std::vector<int> order;
  {
    CallQueue queue;
    queue.RunByItself();
    for (int i = 0; i < 3; ++i) queue.Post([&order, i] { order.push_back(i); });
    std::promise<void> done;
    queue.Post([&done] { done.set_value(); });
    done.get_future().get();
  }
  EXPECT_THAT(order, testing::ElementsAre(0, 1, 2));
}

TEST(TagThreadTest, StopsWhenAllThatCameIsDoneAndDropsTheRest) {
  TagThread thread("aside");
  std::vector<int> order;
  thread.Post([&order] { order.push_back(1); });
  thread.Post([&order] { order.push_back(2); });
  thread.Stop();
  thread.Post([&order] { order.push_back(3); });
  EXPECT_THAT(order, testing::ElementsAre(1, 2));
}

TEST(OpenTagsTest, AreWaitedForUntilTheLastHasGone) {
  OpenTags tags;
  auto first = std::make_unique<OpenTags::One>(tags);
  auto second = std::make_unique<OpenTags::One>(tags);
  auto waited = std::async(std::launch::async, [&tags] { tags.WaitUntilGone(); });
  first.reset();
  EXPECT_EQ(waited.wait_for(0s), std::future_status::timeout);
  second.reset();
  waited.get();
}

TEST(OpenTagsTest, ATaskCountsUntilItHasRun) {
  OpenTags tags;
  std::atomic<bool> has_run = false;
  auto task = tags.Counting([&has_run] { has_run = true; });
  auto had_run = std::async(std::launch::async, [&tags, &has_run] {
    tags.WaitUntilGone();
    return has_run.load();
  });
  task();
  task = nullptr;
  EXPECT_TRUE(had_run.get());
}

}  // namespace
}  // namespace baton::rpc
