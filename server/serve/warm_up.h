// Runs before the first request, to know how long requests take.
#pragma once

#include <cstddef>
#include <optional>
#include <stop_token>
#include <vector>

#include "server/base/clock.h"
#include "server/base/result.h"
#include "server/serve/handler.h"

namespace baton::serve {

struct WarmUpTimes {
  std::vector<Duration> single;  // of the last runs of one request; empty when there were none
  std::vector<Duration> full;    // of batches of the largest size
  bool is_steady = false;        // they are much the same: requests may be judged by them
  std::optional<Error> failure;  // why the runs ended, when one failed
};

// Runs `handler` on the calls that it warms up with until its times are steady: 8 to 64 times, and
// no longer than 5 s; then, where it can, batches of `batch_size` 8 times, for 5 s at most. A call
// that fails ends it. Blocks for as long.
// When `stop` is asked for, what runs is asked to stop, and nothing more is run.
WarmUpTimes WarmUp(const Handler& handler, std::size_t batch_size, const Clock& clock,
                   const std::stop_token& stop = {});

}  // namespace baton::serve
