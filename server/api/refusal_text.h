// Answers of requests that are turned away, written once and copied for each.
#pragma once

#include <optional>
#include <string>

#include "server/base/clock.h"
#include "server/http/message.h"
#include "server/serve/answer.h"

namespace baton::api {

// What MakeResponse makes of an answer and a cause without an error of its own and without stages;
// only the granted budget and Retry-After change.
//
// Threads: any, once made. Cost: Make copies the headers and the body, one allocation each.
class RefusalText {
 public:
  RefusalText(serve::Answer answer, serve::Cause cause);

  http::Response Make(const std::optional<Duration>& granted_budget, Duration retry_after) const;

 private:
  const bool says_retry_after_;
  const http::Response rendered_;  // without what changes
};

}  // namespace baton::api
