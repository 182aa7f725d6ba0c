// Stand-ins for what surrounds the scheduler and the pool: a conductor, handlers, tickets.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "server/base/mutex.h"
#include "server/serve/handler.h"
#include "server/serve/ticket.h"

namespace baton::testing_support {

// Keeps what workers tell a conductor. Threads: any.
class RecordingSink final : public serve::CompletionSink {
 public:
  struct Move {
    serve::RequestId id;
    Deadline earlier;
  };

  // A completion without its ticket, which is destroyed.
  struct Completed {
    serve::RequestId id;
    const serve::Endpoint* endpoint;
    Duration run_time;
  };

  void Deliver(std::span<serve::Completion> completions) override {
    MutexLock lock(mutex_);
    ++deliveries_;
    for (serve::Completion& completion : completions) {
      const std::unique_ptr<serve::Ticket> ticket = std::move(completion.ticket);
      completions_.push_back({ticket->id, ticket->endpoint, completion.run_time});
    }
    changed_.NotifyAll();
  }
  void MoveDeadline(serve::RequestId id, Deadline earlier) override {
    MutexLock lock(mutex_);
    moves_.push_back({id, earlier});
  }

  // Blocks until `count` completions have come since the start; returns all.
  std::vector<Completed> WaitFor(std::size_t count) {
    MutexLock lock(mutex_);
    while (completions_.size() < count) changed_.Wait(lock);
    return completions_;
  }
  void WaitForCompletionOf(serve::RequestId id) {
    const auto is_its = [id](const Completed& completion) { return completion.id == id; };
    MutexLock lock(mutex_);
    while (std::none_of(completions_.begin(), completions_.end(), is_its)) changed_.Wait(lock);
  }
  std::vector<Completed> completions() { return WaitFor(0); }
  std::vector<Move> moves() {
    MutexLock lock(mutex_);
    return moves_;
  }
  std::size_t deliveries() {
    MutexLock lock(mutex_);
    return deliveries_;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  std::size_t deliveries_ BATON_GUARDED_BY(mutex_) = 0;
  std::vector<Completed> completions_ BATON_GUARDED_BY(mutex_);
  std::vector<Move> moves_ BATON_GUARDED_BY(mutex_);
};

// Does what a test says, on the worker.
class FunctionHandler final : public serve::Handler {
 public:
  using Function = std::function<serve::Outcome(const serve::Call&, serve::RunContext&)>;
  explicit FunctionHandler(Function function) : function_(std::move(function)) {}

  serve::Outcome Handle(const serve::Call& call, serve::RunContext& context) const override {
    return function_(call, context);
  }

 private:
  const Function function_;
};

// Holds its worker until it is told to finish. Threads: any.
class FakeHandler final : public serve::Handler {
 public:
  serve::Outcome Handle(const serve::Call& /*call*/,
                        serve::RunContext& /*context*/) const override {
    MutexLock lock(mutex_);
    const std::uint64_t turn = ++started_;
    changed_.NotifyAll();
    while (allowed_ < turn) changed_.Wait(lock);
    return {"{}", std::nullopt};
  }

  // One more of those that run, in the order they started; ahead of its start, too.
  void FinishNext() { Allow(1); }
  void FinishAll() { Allow(UINT32_MAX); }
  void WaitUntilStarted(std::uint64_t count) const {
    MutexLock lock(mutex_);
    while (started_ < count) changed_.Wait(lock);
  }
  std::uint64_t started() const {
    MutexLock lock(mutex_);
    return started_;
  }

 private:
  void Allow(std::uint64_t more) {
    MutexLock lock(mutex_);
    allowed_ += more;
    changed_.NotifyAll();
  }

  mutable Mutex mutex_;
  mutable CondVar changed_;
  mutable std::uint64_t started_ BATON_GUARDED_BY(mutex_) = 0;
  std::uint64_t allowed_ BATON_GUARDED_BY(mutex_) = 0;
};

inline std::unique_ptr<serve::Ticket> MakeTicket(std::uint64_t id, const serve::Endpoint& endpoint,
                                                 SteadyTime due, std::size_t body_bytes = 0) {
  auto ticket = std::make_unique<serve::Ticket>();
  ticket->id = serve::RequestId{id};
  ticket->endpoint = &endpoint;
  ticket->call.body.assign(body_bytes, ' ');
  ticket->due = due;
  return ticket;
}

inline std::uint64_t IdOf(const serve::Ticket& ticket) {
  return static_cast<std::uint64_t>(ticket.id);
}

}  // namespace baton::testing_support
