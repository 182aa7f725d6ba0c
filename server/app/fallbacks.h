// What is answered instead of a miss, where an endpoint declares it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "server/app/request_records.h"
#include "server/base/clock.h"
#include "server/serve/endpoint_policy.h"
#include "server/serve/reply.h"

namespace baton::app {

// How a declared constant looks in the formats of those who ask.
class FallbackForms {
 public:
  virtual ~FallbackForms() = default;
  // As a body for this request; none when it has no such form.
  virtual std::optional<std::string> DeclaredFallback(const RequestRecord& record,
                                                      const std::string& constant) const = 0;
};

// (A cheaper model needs a thread: see RequestDesk::TryReserve.)

// Keeps a prediction that may be another request's fallback; one with raw tensors is not kept, as
// that request may not want any.
void Remember(const RequestRecord& record, const serve::Reply& reply, SteadyTime now);

struct FoundFallback {
  std::string body;
  std::optional<Duration> age;                 // of a last good answer
  std::optional<std::size_t> json_bytes = {};  // see serve::Outcome
};
// The prediction of a cheaper model, marked.
FoundFallback FallbackOf(const RequestRecord& record, const serve::Reply& reply);
// Nothing when none is declared, or there is no fresh answer for the request's key.
std::optional<FoundFallback> FindFallback(const RequestRecord& record,
                                          const serve::FallbackPolicy& policy,
                                          const FallbackForms& forms, SteadyTime now);

}  // namespace baton::app
