// What a worker runs for a ticket: decode, predict, encode.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
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
  std::string model_version;  // the one asked for; empty for the policy's choice
};
inline constexpr std::size_t kBodyPadding = 64;

// How a handler ended. `error` unset: a prediction whose JSON is `body`. Set: kInvalidArgument,
// kNotFound, kTooLarge and kUnsupported are the client's fault (answer `invalid`);
// kDeadlineExceeded is `timeout`; everything else is `error` with cause backend_error.
struct Outcome {
  std::string body;
  std::optional<Error> error;
};

// What a running handler may ask of its surroundings.
class RunContext {
 public:
  virtual ~RunContext() = default;

  virtual Deadline deadline() const = 0;

  // The answer is not wanted any more: the deadline has passed or the client has left. Long runs
  // ask now and then and return early.
  virtual bool expired() const = 0;

  // The body itself asked for a smaller budget (OIP `parameters.timeout` beyond what the conductor
  // scans). The deadline moves earlier if `budget` is smaller than what was granted, and the client
  // is answered by then. Returns false when the new deadline has passed already: return
  // kDeadlineExceeded.
  virtual bool ShortenBudget(Duration budget) = 0;
};

// Threads: Handle from any number of workers at once. Exceptions are caught by the worker and end
// as backend_error.
class Handler {
 public:
  virtual ~Handler() = default;
  virtual Outcome Handle(const Call& call, RunContext& context) const = 0;
};

}  // namespace baton::serve
