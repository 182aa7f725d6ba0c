// A dispatcher with one worker and three endpoints, in the test's hands.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "server/serve/dispatcher.h"
#include "tests/support/fake_serve.h"

namespace baton::serve {

class BatchableHandler final : public Handler {
 public:
  explicit BatchableHandler(bool can_batch = true) : can_batch_(can_batch) {}

  Outcome Handle(const Call&, RunContext&) const override { return {}; }
  bool CanBatch() const override { return can_batch_; }

 private:
  const bool can_batch_;
};

class DispatcherHarness : public testing::Test {
 protected:
  static constexpr std::uint32_t kFast = 0;  // endpoints
  static constexpr std::uint32_t kOther = 1;
  static constexpr std::uint32_t kBlocking = 2;

  explicit DispatcherHarness(const Dispatcher::Options& options = {})
      : dispatcher_(options, endpoints_.size()) {
    for (std::uint32_t i = 0; i < endpoints_.size(); ++i) endpoints_[i].index = i;
    dispatcher_.Join();
  }

  struct Wish {
    std::uint64_t id;
    std::uint32_t endpoint = kFast;
    Duration budget = 50ms;  // the guard is left out
    std::size_t body_bytes = 0;
    const Handler* handler = nullptr;  // none: the one that batches
  };
  std::unique_ptr<Ticket> Make(const Wish& wish) {
    auto ticket = testing_support::MakeTicket(wish.id, endpoints_[wish.endpoint],
                                              now_ + wish.budget, wish.body_bytes);
    ticket->handler = wish.handler != nullptr ? wish.handler : &handler_;
    ticket->deadline = Deadline(now_, wish.budget);
    ticket->admitted = now_;
    ticket->criticality = Criticality::kCritical;
    replies_[wish.id] = ticket->promise.future();
    return ticket;
  }
  Dispatcher::Submitted Submit(const Wish& wish) {
    auto ticket = Make(wish);
    return dispatcher_.Submit(ticket, now_);
  }
  // From number 1 on, due in their order.
  void SubmitMany(std::uint64_t count) {
    for (std::uint64_t id = 1; id <= count; ++id) {
      EXPECT_TRUE(Submit({.id = id, .budget = 1s}).decision.admit);
    }
  }

  // Runs of `endpoint` take as long, and that is known.
  void Know(std::uint32_t endpoint, Duration took, int runs = 100, std::size_t size = 1) {
    for (int i = 0; i < runs; ++i) {
      dispatcher_.book(endpoint).Learn({endpoint, took, size, RunSample::End::kWhole});
    }
  }

  // What `worker` is given, by their numbers; the rest is in `taken_`.
  std::vector<std::uint64_t> Take(std::size_t worker = 0) {
    taken_.Clear();
    dispatcher_.Take(worker, now_, taken_);
    return Ids(taken_.tickets);
  }
  std::vector<std::uint64_t> Shed() const { return Ids(taken_.shed); }
  bool Finish(std::size_t worker = 0) { return dispatcher_.Finish(worker, {}, now_); }
  std::vector<std::uint64_t> RunNext(std::size_t worker = 0) {
    const std::vector<std::uint64_t> ids = Take(worker);
    Finish(worker);
    return ids;
  }
  // The worker is busy with something else, for `predicted`.
  void Occupy(Duration predicted = 1us, std::size_t worker = 0) {
    if (dispatcher_.book(kBlocking).estimate().samples() == 0) Know(kBlocking, predicted);
    EXPECT_TRUE(Submit({.id = 1000 + worker, .endpoint = kBlocking, .budget = 1h}).decision.admit);
    EXPECT_EQ(Take(worker).size(), 1u);
  }
  Reply ReplyOf(std::uint64_t id) { return replies_[id].Take(); }

  SteadyTime now_{10s};
  std::array<Endpoint, 3> endpoints_;
  const BatchableHandler handler_;
  Dispatcher dispatcher_;
  Assignment taken_;

 private:
  static std::vector<std::uint64_t> Ids(const std::vector<std::unique_ptr<Ticket>>& tickets) {
    std::vector<std::uint64_t> ids;
    for (const auto& ticket : tickets) ids.push_back(testing_support::IdOf(*ticket));
    return ids;
  }

  std::map<std::uint64_t, ReplyFuture> replies_;
};

}  // namespace baton::serve
