// What each worker runs, and how long that will still take.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <vector>

#include "server/base/clock.h"
#include "server/serve/ticket.h"

namespace baton::serve {

// Threads: one at a time.
class WorkerTable {
 public:
  struct Member {
    RequestId id;
    std::stop_source stop;
    bool is_wanted = true;  // somebody still waits for its answer
  };
  // One ticket, several taken together that run one after the other, or a batch.
  struct Run {
    std::uint32_t endpoint = 0;
    std::vector<Member> members;
    std::optional<std::stop_source> batch_stop;  // of a batch, instead of the members' own
    SteadyTime since;
    Duration predicted = Duration::zero();     // of the whole run
    Duration zombie_after = Duration::zero();  // beyond it, a run that nobody wants is a zombie
  };

  // A worker's number, reused after it has left.
  std::size_t Join();
  void Leave(std::size_t worker);
  // Leaves `run` with the buffers of one that has ended. Requires: the worker runs nothing.
  void Start(std::size_t worker, Run&& run);
  // Nothing happens when it runs nothing.
  void Finish(std::size_t worker);

  std::size_t alive() const { return alive_; }
  std::size_t busy() const { return busy_; }
  std::size_t idle() const { return alive_ - busy_; }
  std::size_t running(std::uint32_t endpoint) const;  // workers that it holds
  // Whose run it is; nothing when it runs nothing.
  std::optional<std::uint32_t> EndpointOf(std::size_t worker) const;

  // When a worker is free for somebody with `ahead` of work before it: the workers take that work
  // as they come free, so that it fills the gaps below one level, as water does. `workers` of them
  // are below that level. A run over its prediction is taken to need another quarter of what it was
  // predicted, or has taken so far. Requires: somebody is alive. Cost: sorts the workers once for
  // each `now`, then a look at each.
  struct Level {
    Duration time = Duration::zero();
    std::size_t workers = 1;
  };
  Level FreeAfter(Duration ahead, SteadyTime now) const;
  // The predicted rest of what runs, all together.
  Duration Residual(SteadyTime now) const;
  Duration Residual(std::uint32_t endpoint, SteadyTime now) const;
  Duration MeanRun() const;  // predicted, on average over what runs

  // Nobody wants the answer of `id` any more. Its run, if there is one: since when, and how to stop
  // it; a batch goes on for as long as anybody wants one of its answers.
  struct Unwanted {
    bool is_running = false;
    SteadyTime since;
    std::stop_source stop{std::nostopstate};        // of its own run
    std::stop_source batch_stop{std::nostopstate};  // of its batch's
  };
  Unwanted Withdraw(RequestId id);

  // Workers whose run nobody wants and that goes on far beyond what it is known to take.
  std::size_t Zombies(SteadyTime now) const;
  // How long what runs now has run from `from` to `now`, all together.
  Duration RanWithin(SteadyTime from, SteadyTime now) const;

 private:
  struct Worker {
    bool is_alive = false;
    bool is_busy = false;
    Run run;
  };
  static Duration RestOf(const Run& run, SteadyTime now);

  std::vector<Worker> workers_;
  std::vector<std::size_t> running_;  // by endpoint
  std::size_t alive_ = 0;
  std::size_t busy_ = 0;
  Duration predicted_ = Duration::zero();  // sum over what runs
  void Refresh(SteadyTime now) const;

  mutable std::optional<SteadyTime> rests_at_;
  mutable std::vector<Duration> rests_;  // of each worker that is alive, ascending
  mutable Duration residual_ = Duration::zero();
};

}  // namespace baton::serve
