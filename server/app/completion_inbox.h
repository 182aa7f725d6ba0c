// Completions on their way from the workers to one conductor.
#pragma once

#include <algorithm>
#include <atomic>
#include <functional>
#include <iterator>
#include <span>
#include <utility>
#include <vector>

#include "server/base/mutex.h"
#include "server/net/event_loop.h"
#include "server/serve/ticket.h"

namespace baton::app {

// Appending takes one lock for many completions; the conductor is woken by one eventfd write, and
// only when it sleeps.
//
// Threads: Deliver and MoveDeadline from any; the rest on the loop.
class CompletionInbox final : public net::Inbox, public serve::CompletionSink {
 public:
  struct Callbacks {
    std::function<void(serve::Completion&&)> on_completion;
    std::function<void(serve::RequestId, Deadline)> on_move;
  };
  CompletionInbox(net::EventLoop& loop, Callbacks callbacks)
      : loop_(loop), callbacks_(std::move(callbacks)) {}

  void Deliver(std::span<serve::Completion> completions) override {
    {
      MutexLock lock(mutex_);
      std::move(completions.begin(), completions.end(), std::back_inserter(completions_));
      is_empty_ = false;
    }
    loop_.Wake();
  }

  void MoveDeadline(serve::RequestId id, Deadline earlier) override {
    {
      MutexLock lock(mutex_);
      moves_.emplace_back(id, earlier);
      is_empty_ = false;
    }
    loop_.Wake();
  }

  bool IsEmpty() const override { return is_empty_; }

  void TakeAllOnLoop() override {
    {
      MutexLock lock(mutex_);
      taken_completions_.swap(completions_);
      taken_moves_.swap(moves_);
      is_empty_ = true;
    }
    for (const auto& move : taken_moves_) callbacks_.on_move(move.first, move.second);
    for (serve::Completion& completion : taken_completions_) {
      callbacks_.on_completion(std::move(completion));
    }
    taken_moves_.clear();
    taken_completions_.clear();
  }

 private:
  using Move = std::pair<serve::RequestId, Deadline>;

  net::EventLoop& loop_;
  const Callbacks callbacks_;
  std::atomic<bool> is_empty_{true};

  // Guarded by mutex_.
  Mutex mutex_;
  std::vector<serve::Completion> completions_ BATON_GUARDED_BY(mutex_);
  std::vector<Move> moves_ BATON_GUARDED_BY(mutex_);

  // Loop thread.
  std::vector<serve::Completion> taken_completions_;
  std::vector<Move> taken_moves_;
};

}  // namespace baton::app
