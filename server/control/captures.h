// Requests that are kept for an operator who looks at what clients send, for a bounded time.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/clock.h"
#include "server/base/mutex.h"
#include "server/base/result.h"
#include "server/control/captured_request.h"

namespace baton::control {

// What an operator wants to see. Whatever is reached first ends it.
struct CaptureAsk {
  std::string endpoint;                                  // empty: of all
  Duration duration = 30s;                               // 100 ms to 10 min
  std::size_t most_requests = 1000;                      // 1 to 10000
  std::size_t most_bytes = std::size_t{16} << 20U;       // of all that is kept: 4 KiB to 64 MiB
  std::size_t most_body_bytes = std::size_t{64} << 10U;  // of each body: 0 to 1 MiB

  Status Validate() const;
};

enum class CaptureEnd : std::uint8_t {
  kNone,  // it goes on
  kDuration,
  kRequests,
  kBytes,
  kDraining,  // the server stops
};
std::string_view ToText(CaptureEnd end);

struct CaptureProgress {
  std::uint64_t kept = 0;        // requests that have been answered
  std::uint64_t kept_bytes = 0;  // and what they take
  std::uint64_t left_out = 0;    // that came when no more could be kept
  std::uint64_t unanswered = 0;  // that came, and had no answer yet when it ended
  CaptureEnd ended = CaptureEnd::kNone;
};

class CaptureReader;

// One capture runs at a time. A request has its place from its arrival on, so that what waits for
// its answer, or to be read, never takes more than was asked for.
//
// Threads: any. Cost: what is under the lock takes a few moves, whoever holds it.
class Captures {
 public:
  Captures() = default;
  Captures(const Captures&) = delete;
  Captures& operator=(const Captures&) = delete;

  // Whether it is worth asking for a place. Sees a change a little later than who made it.
  bool IsRunning() const { return is_running_.load(std::memory_order_relaxed); }

  // Of one request of `endpoint` that has come.
  struct Place {
    std::uint64_t capture = 0;
    std::size_t body_bytes = 0;  // that are to be kept
  };
  // None where nobody wants it, or nothing more can be kept. Who has one adds the request when it
  // is answered.
  std::optional<Place> TakePlace(std::string_view endpoint, std::size_t head_bytes,
                                 std::size_t body_bytes) BATON_EXCLUDES(mutex_);
  // Dropped where its capture has ended meanwhile.
  void Add(CapturedRequest&& request) BATON_EXCLUDES(mutex_);

  // `who` is for others who ask meanwhile. `told` runs under a lock when there is news for the
  // reader: it posts. Errors: kInvalidArgument; kResourceExhausted while another one runs. The
  // reader goes before what it has come from.
  Result<std::unique_ptr<CaptureReader>> Begin(const CaptureAsk& ask, const std::string& who,
                                               SteadyTime now, std::function<void()> told)
      BATON_EXCLUDES(mutex_);

  // To be called every now and then: ends what has reached its end, and tells its reader of what
  // there is.
  void Look(SteadyTime now, bool is_draining) BATON_EXCLUDES(mutex_);

 private:
  friend class CaptureReader;

  struct Running {
    std::uint64_t number = 0;
    CaptureAsk ask;
    std::string who;
    SteadyTime until;
    std::function<void()> told;
    std::deque<CapturedRequest> requests;  // that wait for the reader
    std::size_t taken = 0;                 // places
    std::size_t taken_bytes = 0;
    CaptureEnd full = CaptureEnd::kNone;  // no place is left: why
    CaptureProgress progress;
  };

  CaptureProgress Take(std::deque<CapturedRequest>& requests) BATON_EXCLUDES(mutex_);
  void End() BATON_EXCLUDES(mutex_);

  mutable Mutex mutex_;
  std::uint64_t begun_ BATON_GUARDED_BY(mutex_) = 0;
  std::unique_ptr<Running> running_ BATON_GUARDED_BY(mutex_);  // until its reader has gone

  // Any thread (atomic).
  std::atomic<bool> is_running_{false};
};

// Reads one capture, and ends it when it goes. Threads: one at a time.
class CaptureReader {
 public:
  CaptureReader(Captures& captures, const CaptureAsk& ask) : captures_(captures), ask_(ask) {}
  ~CaptureReader() { captures_.End(); }
  CaptureReader(const CaptureReader&) = delete;
  CaptureReader& operator=(const CaptureReader&) = delete;

  const CaptureAsk& ask() const { return ask_; }

  struct News {
    std::vector<CapturedRequest> requests;  // in the order in which they were answered
    CaptureProgress progress;               // has `ended` when these are the last ones
  };
  // What there is, up to about `bytes`, and at least one request where there is one.
  News Take(std::size_t bytes);

 private:
  Captures& captures_;
  const CaptureAsk ask_;
  std::deque<CapturedRequest> requests_;
};

// How much room the request takes, beside its body.
std::size_t HeadBytesOf(std::size_t headers, std::size_t text_bytes);

}  // namespace baton::control
