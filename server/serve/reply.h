// What came back from the pool for one request.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "server/base/clock.h"
#include "server/base/result.h"
#include "server/serve/answer.h"

namespace baton::serve {

struct Reply {
  Answer answer = Answer::kError;
  Cause cause = Cause::kNone;
  std::string body;            // of a prediction
  std::optional<Error> error;  // of everything else
  std::size_t own_begin = 0;   // see Outcome
  std::size_t own_size = 0;
  std::optional<std::size_t> json_bytes;
  std::string gzip;
  bool may_be_gzip = false;
  std::uint32_t batch_size = 0;  // how many ran as one; 0: it ran alone, or not at all
  SteadyTime started;            // run began; the default when it never did
  SteadyTime finished;
};

}  // namespace baton::serve
