// The load generator's event loop; private to the client library.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <sys/epoll.h>
#include <vector>

#include "client/lib/load_connection.h"
#include "client/lib/load_generator.h"
#include "client/lib/load_report.h"
#include "server/base/clock.h"
#include "server/base/result.h"

namespace baton::client {

// The instants at which the requests under way on one connection were intended, oldest first.
class InstantQueue {
 public:
  explicit InstantQueue(std::size_t most) : ring_(most) {}
  void Push(SteadyTime instant) { ring_[(first_ + size_++) % ring_.size()] = instant; }
  SteadyTime Pop() {
    const SteadyTime oldest = ring_[first_];
    first_ = (first_ + 1) % ring_.size();
    --size_;
    return oldest;
  }
  std::size_t size() const { return size_; }

 private:
  std::vector<SteadyTime> ring_;
  std::size_t first_ = 0;
  std::size_t size_ = 0;
};

// One run of a LoadGenerator: one thread, one epoll set, no allocation per request.
//
// Invariant: a connection is closed (and in retries_), connecting, idle (and in idle_) or busy.
// Threads: one.
class LoadRun {
 public:
  // All three outlive the run.
  LoadRun(const LoadOptions& options, const std::vector<Duration>& schedule,
          const std::atomic<bool>& is_stopping);

  // Makes the connections. kUnavailable when there is not one in the end.
  Status ConnectAll();

  // Offers the load and waits for the outstanding answers. Requires: ConnectAll. Once.
  LoadReport Offer(const std::function<void(const LoadProgress&)>& each_second);

 private:
  struct Retry {
    SteadyTime at;
    std::uint32_t index;
  };

  SteadyTime IntendedAt(std::size_t entry) const { return start_ + schedule_[entry]; }
  bool IsCounted(SteadyTime intended) const { return intended >= start_ + options_.warmup; }
  bool IsOffering(SteadyTime now) const { return now < offer_until_; }
  bool IsOver(SteadyTime now) const;

  void Turn(SteadyTime wake_at);
  void Handle(std::uint32_t index, LoadConnection::Step step);
  void HandleAnswers(std::uint32_t index);
  void RecordAnswer(const LoadAnswer& answer, SteadyTime intended, SteadyTime now);
  void Lose(std::uint32_t index, End end);
  void ReplaceConnection(std::uint32_t index);
  void Connect(std::uint32_t index);
  void RetryLater(std::uint32_t index, SteadyTime now);
  void ConnectFailed(std::uint32_t index);
  void RunRetries(SteadyTime now);

  void SendDue(SteadyTime now);
  void SendOnIdle(SteadyTime now);
  void Launch(std::uint32_t index, SteadyTime intended, std::size_t count);
  void NoteStarvation();
  void StopOffering(SteadyTime now);
  void CountOutstanding();
  void Record(Outcome outcome, SteadyTime intended);
  SteadyTime NextWake(SteadyTime now) const;
  LoadProgress Progress(SteadyTime now) const;

  // Set once.
  const LoadOptions& options_;
  const std::vector<Duration>& schedule_;
  const std::atomic<bool>& is_stopping_;
  LoadChannel channel_;
  SteadyTime start_;

  // The schedule: [0, next_) is sent, [next_, due_) is waiting, [due_, intended_end_) is to come.
  std::size_t intended_end_;
  std::size_t next_ = 0;
  std::size_t due_ = 0;
  std::size_t starved_until_ = 0;  // entries before it waited for a connection
  bool was_starved_ = false;       // no connection was free when the last turn ended
  SteadyTime offer_until_;

  std::vector<LoadConnection> connections_;
  std::vector<InstantQueue> intended_;       // by connection
  std::vector<SteadyTime> connect_started_;  // by connection; of the latest attempt
  std::deque<std::uint32_t> idle_;
  std::deque<Retry> retries_;  // ascending: the pause is always the same
  std::size_t in_flight_ = 0;
  std::vector<epoll_event> events_;

  LoadReport report_;
  std::uint64_t sent_ = 0;
  std::uint64_t ended_ = 0;
};

}  // namespace baton::client
