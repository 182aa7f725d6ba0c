// What scrapes are answered with, and when: the form that each asks for, at a bounded cost.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "server/base/thread_priority.h"
#include "server/http/message.h"
#include "server/metrics/registry.h"
#include "server/net/event_loop.h"

namespace baton::pages {

// OpenMetrics when the request's Accept names it, with no smaller weight than the text format has;
// else, whatever else it says, the text format.
metrics::Format FormatFor(const http::Request& request);

// However many ask however often, renderings of up to 28 ms take at most a tenth of a core, longer
// ones more, as nobody waits longer than 250 ms: after one, the next ones wait together for one
// rendering. What is answered is never older than its request. Each that waits gets a copy, so that
// kMostWaiting may.
//
// Threads: the loop's.
class Scrapes {
 public:
  static constexpr std::size_t kMostWaiting = 64;

  using Reply = std::function<void(http::Response&& response)>;
  // The processor time that the calling thread has taken.
  using CpuTime = Duration (*)();

  // Both outlive it. A rendering offers its core by `yield`.
  Scrapes(net::EventLoop& loop, metrics::Registry& registry, CpuTime cpu_time = &OfThread,
          Turns::Yield yield = &sched_yield);

  // Replies once, on the loop, never inside this call; 503 where too many wait already.
  void Answer(const http::Request& request, Reply reply) BATON_REQUIRES(on_loop);

 private:
  struct Form {
    metrics::Format format = metrics::Format::kText;
    bool is_gzip = false;
  };
  struct Waiting {
    Form form;
    Reply reply;
  };
  // Of one moment; filled as they are needed.
  struct Rendered {
    std::array<std::string, 2> plain;
    std::array<std::string, 2> gzip;  // empty also where that is no smaller
  };

  static Duration OfThread();
  void Arm() BATON_REQUIRES(on_loop);
  void AnswerAll() BATON_REQUIRES(on_loop);
  http::Response Render(Form form, Rendered& rendered) BATON_REQUIRES(on_loop);

  // Set once.
  net::EventLoop& loop_;
  metrics::Registry& registry_;
  const CpuTime cpu_time_;
  const Turns::Yield yield_;
  std::atomic<double> last_seconds_{0};

  // Loop thread.
  std::vector<Waiting> waiting_ BATON_GUARDED_BY(on_loop);
  SteadyTime not_before_ BATON_GUARDED_BY(on_loop);
  bool is_armed_ BATON_GUARDED_BY(on_loop) = false;
};

}  // namespace baton::pages
