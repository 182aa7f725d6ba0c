// Whether a conditional request is to be answered with the representation (RFC 9110, 13).
#pragma once

#include <ctime>
#include <string_view>

#include "server/http/message.h"

namespace baton::http {

// Of the representation that is there now.
struct Validators {
  std::string_view etag;  // strong, with its quotes
  std::time_t last_modified = 0;
};

enum class Precondition {
  kHolds,        // answer as if there were none
  kNotModified,  // 304
  kFailed,       // 412
};

// In the order of 13.2.2: If-Match, or else If-Unmodified-Since; then If-None-Match, or else
// If-Modified-Since. Dates that cannot be read, or that come twice, are passed over. Requires: GET
// or HEAD.
Precondition CheckPreconditions(const Request& request, const Validators& validators,
                                std::time_t now);

// Whether a Range header counts: there is no If-Range, or it names this very representation. A date
// does so only once a second has passed over it: until then a later change may carry the same.
bool RangeCounts(const Request& request, const Validators& validators, std::time_t now);

}  // namespace baton::http
