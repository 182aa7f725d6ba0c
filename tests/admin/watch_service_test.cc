// The stream of what the server does, over a real channel and a fake control port.
#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "baton/admin/v1/admin_service.grpc.pb.h"
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>

#include "server/control/status_feed.h"
#include "tests/admin/served_fixture.h"

namespace baton::admin {
namespace {

control::StatusSample Sample(std::uint64_t number, std::size_t endpoints = 0) {
  control::StatusSample sample;
  sample.number = number;
  sample.goodput_per_second = 12.5;
  sample.causes = {{"no_time", 7, 3.5}};
  sample.backlogs = {{"http", 4, 128, 9}};
  sample.conductors = {{0, 1'500us, "terse", 11}};
  sample.longest_predicted_wait = 20ms;
  control::EndpointLoad load;
  load.name = "tumour" + std::string(endpoints > 0 ? 200 : 0, 'x');
  load.median = 2ms;
  sample.endpoints.assign(std::max<std::size_t>(endpoints, 1), load);
  return sample;
}

// A call that is open until it goes.
struct Watch {
  explicit Watch(v1::AdminService::Stub& stub) : reader(stub.WatchStatus(&context, {})) {}
  ~Watch() {
    context.TryCancel();
    static_cast<void>(Finish());
  }
  std::uint64_t Next() { return reader->Read(&update) ? update.number() : 0; }
  grpc::Status Finish() {
    while (!is_finished && reader->Read(&update)) {
    }
    if (!is_finished) status = reader->Finish();
    is_finished = true;
    return status;
  }

  grpc::ClientContext context;
  std::unique_ptr<grpc::ClientReader<v1::StatusUpdate>> reader;
  v1::StatusUpdate update;
  grpc::Status status;
  bool is_finished = false;
};

class WatchServiceTest : public ServedFixture {};

TEST_F(WatchServiceTest, TheNewestIsThereAtOnceAndTheNextWhenItComes) {
  control_.status_feed().Publish(Sample(1));
  control_.status_feed().Publish(Sample(2));
  Watch watch(*stub_);
  ASSERT_EQ(watch.Next(), 2U);
  EXPECT_EQ(watch.update.goodput_per_second(), 12.5);
  EXPECT_EQ(watch.update.longest_predicted_wait_ms(), 20);
  EXPECT_EQ(watch.update.causes(0).name(), "no_time");
  EXPECT_EQ(watch.update.causes(0).total(), 7U);
  EXPECT_EQ(watch.update.causes(0).per_second(), 3.5);
  EXPECT_EQ(watch.update.backlogs(0).depth(), 4U);
  EXPECT_EQ(watch.update.backlogs(0).drops_total(), 9U);
  EXPECT_EQ(watch.update.conductors(0).worst_lag_ms(), 1.5);
  EXPECT_EQ(watch.update.conductors(0).overload_level(), "terse");
  EXPECT_EQ(watch.update.endpoints(0).name(), "endpoints/tumour");
  EXPECT_EQ(watch.update.endpoints(0).median_ms(), 2);
  control_.status_feed().Publish(Sample(3));
  EXPECT_EQ(watch.Next(), 3U);
}

// More than gRPC keeps on its way to a client that reads nothing.
TEST_F(WatchServiceTest, WhoReadsSlowlyFindsTheNewestAndNotAllThatWas) {
  constexpr std::uint64_t kSamples = 200;
  control_.status_feed().Publish(Sample(1, 2000));
  Watch watch(*stub_);
  ASSERT_EQ(watch.Next(), 1U);
  for (std::uint64_t number = 2; number <= kSamples; ++number) {
    control_.status_feed().Publish(Sample(number, 2000));
  }
  std::size_t read = 0;
  std::uint64_t last = 1;
  while (last < kSamples) {
    const std::uint64_t next = watch.Next();
    ASSERT_GT(next, last);
    last = next;
    ++read;
  }
  EXPECT_LT(read, kSamples / 2);
}

TEST_F(WatchServiceTest, OneTooManyIsToldSoAndComesInWhenAnotherHasLeft) {
  constexpr std::size_t kMost = 16;
  control_.status_feed().Publish(Sample(1));
  std::vector<std::unique_ptr<Watch>> watches;
  for (std::size_t i = 0; i < kMost; ++i) {
    watches.push_back(std::make_unique<Watch>(*stub_));
    ASSERT_EQ(watches.back()->Next(), 1U);
  }
  Watch refused(*stub_);
  const grpc::Status status = refused.Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_THAT(status.error_message(), ::testing::HasSubstr("at most 16 calls"));
  watches.pop_back();
  // That it has left reaches the server when it does.
  const auto end = std::chrono::steady_clock::now() + 30s;
  std::uint64_t first = 0;
  while (first == 0 && std::chrono::steady_clock::now() < end) first = Watch(*stub_).Next();
  EXPECT_EQ(first, 1U);
}

TEST_F(WatchServiceTest, ItEndsWithTheServer) {
  control_.status_feed().Publish(Sample(1));
  Watch watch(*stub_);
  ASSERT_EQ(watch.Next(), 1U);
  server_->Stop(Duration::zero());
  EXPECT_FALSE(watch.Finish().ok());
  control_.status_feed().Publish(Sample(2));  // nobody is told any more
}

}  // namespace
}  // namespace baton::admin
