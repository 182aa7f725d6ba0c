// What a worker runs for a ticket: decode, predict, encode.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <stop_token>
#include <string>

#include "server/base/clock.h"
#include "server/base/deadline.h"
#include "server/base/result.h"
#include "server/serve/answer.h"

namespace baton::serve {

// What the client sent, as far as a handler needs it. `body` has at least kBodyPadding bytes of
// capacity beyond its size, for parsers that read in blocks.
struct Call {
  std::string body;
  bool body_is_gzip = false;
  bool takes_gzip = false;  // whoever called
  // As many bytes of the plain body are JSON, and raw tensors follow; with none it is all JSON.
  std::optional<std::size_t> json_bytes = {};
};
inline constexpr std::size_t kBodyPadding = 64;

// How a handler ended. `error` unset: a prediction whose text is `body`. Set: kInvalidArgument,
// kNotFound, kTooLarge and kUnsupported are the client's fault (answer `invalid`);
// kDeadlineExceeded is `timeout`; everything else is `error` with cause backend_error.
struct Outcome {
  std::string body;
  std::optional<Error> error;
  // The part of `body` that is about this one request, such as its id: it is cut out where the
  // answer is given again to another.
  std::size_t own_begin = 0;
  std::size_t own_size = 0;
  std::optional<std::size_t> json_bytes = {};  // of `body`, as in Call
  std::string gzip = {};     // `body` compressed, where it was worth while; else empty
  bool may_be_gzip = false;  // who takes gzip may get `body` compressed
  bool has_run = true;       // no: it failed before the endpoint's own work began, so that the time
                             // it took says nothing about that
};

// What a running handler may ask of its surroundings.
class RunContext {
 public:
  virtual ~RunContext() = default;

  virtual Deadline deadline() const = 0;

  // The answer is not wanted any more: the deadline has passed or the client has left. Long runs
  // ask now and then and return early.
  virtual bool expired() const = 0;

  // Until somebody else answers, a little before the deadline.
  virtual Duration time_left() const { return Duration::max(); }

  // Asked to stop at the same moment, for whoever can be interrupted; of a batch when nobody wants
  // any of its answers.
  virtual std::stop_token stop_token() const { return {}; }

  // A string to write the answer's body into: empty, with the capacity of an earlier one, or
  // without. At most once a run.
  virtual std::string TakeBuffer() { return {}; }

  // The body itself asked for a smaller budget (OIP `parameters.timeout` beyond what the conductor
  // scans). The deadline moves earlier if `budget` is smaller than what was granted, and the client
  // is answered by then. Returns false when the new deadline has passed already: return
  // kDeadlineExceeded.
  virtual bool ShortenBudget(Duration budget) = 0;
};

// One request of a batch.
struct BatchMember {
  const Call* call = nullptr;
  RunContext* context = nullptr;  // its own deadline and stop token
  Outcome outcome;                // for HandleBatch to fill
};

// Threads: everything from any number of workers at once. Exceptions are caught by the worker and
// end as backend_error.
class Handler {
 public:
  virtual ~Handler() = default;
  virtual Outcome Handle(const Call& call, RunContext& context) const = 0;

  // Whether calls gain from running as one.
  virtual bool CanBatch() const { return false; }
  // Runs `members` as one, and fills every outcome. What is wrong with one member does not touch
  // the others. `stop` is asked for when nobody wants any of them.
  virtual void HandleBatch(std::span<BatchMember> members, const std::stop_token& /*stop*/) const {
    for (BatchMember& member : members) member.outcome = Handle(*member.call, *member.context);
  }

  // The `round`th call, from 0, to learn from before the first request: calls that take as long as
  // requests do. None when there is no telling what a request looks like.
  virtual std::optional<Call> WarmUpCall(std::size_t /*round*/ = 0) const { return std::nullopt; }
};

}  // namespace baton::serve
