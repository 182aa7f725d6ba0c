// What is answered instead of a miss, where an endpoint declares it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/app/request_records.h"
#include "server/base/clock.h"
#include "server/serve/endpoint_policy.h"
#include "server/serve/last_good.h"
#include "server/serve/ticket.h"

namespace baton::app {

// The stores of last good answers, shared by all conductors. (A cheaper model needs a thread: see
// Conductor::TryReserve.)
//
// Threads: any.
class Fallbacks {
 public:
  explicit Fallbacks(std::size_t endpoints);

  // An operator's settings are in force from here on.
  void SetPolicies(const std::vector<serve::EndpointPolicy>& policies);

  // A prediction that may be another request's fallback.
  void Remember(const RequestRecord& record, const serve::Reply& reply, SteadyTime now);

  struct Found {
    std::string body;
    std::optional<Duration> age;  // of a last good answer
  };
  // Nothing when none is declared, or there is no fresh answer for the request's key.
  std::optional<Found> Find(const RequestRecord& record, const serve::FallbackPolicy& policy,
                            SteadyTime now) const;

  const serve::LastGood& store(std::size_t endpoint) const { return *stores_[endpoint]; }

 private:
  std::vector<std::unique_ptr<serve::LastGood>> stores_;  // by endpoint
};

}  // namespace baton::app
