// What becomes of spans after an answer of the collector, by the rules of OTLP over HTTP.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "server/base/clock.h"
#include "server/trace/http_post.h"

namespace baton::trace {

struct Verdict {
  enum class Kind { kTaken, kRejected, kRetry };
  Kind kind = Kind::kTaken;
  std::size_t rejected = 0;  // of those in a message that was taken
  std::string why;           // where not all of them were taken
};

// Of a message with so many spans.
Verdict Judge(const PostAnswer& answer, std::size_t spans);

// How long to wait after that many failures in a row, from 1: longer each time, up to 30 s, and
// never exactly as long as others. `random` is from 0 to 1. Not before the collector wants it.
Duration PauseAfter(int failures, const std::optional<Duration>& retry_after, double random);

}  // namespace baton::trace
