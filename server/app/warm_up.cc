// Warm-up of one endpoint.
#include "server/app/warm_up.h"

#include "server/base/log.h"
#include "server/serve/warm_up.h"

namespace baton::app {

Status WarmUp(const serve::Endpoint& endpoint, const serve::Handler& handler,
              const ServingState& serving, const DeskParts& desk, const Clock& clock,
              const std::stop_token& stop) {
  const serve::EndpointPolicy policy = serving.PolicyOf(endpoint.index);
  const serve::WarmUpTimes times = serve::WarmUp(handler, policy.batch.max_size, clock, stop);
  if (desk.scheduler.EstimateOf(endpoint.index, policy.default_budget).is_cold) {
    desk.scheduler.Warm(endpoint.index, times.single, times.full, times.is_steady);
    desk.reserve.Warm(endpoint.index, times.single, {}, times.is_steady);
  }
  if (times.failure) return tl::unexpected<Error>(*times.failure);
  if (times.single.empty()) return {};
  Log(times.is_steady ? LogLevel::kInfo : LogLevel::kWarning, "warmed_up",
      {{"endpoint", endpoint.name},
       {"runs", static_cast<std::uint64_t>(times.single.size() + times.full.size())},
       {"took_ms", ToMillis(times.single.back())},
       {"steady", times.is_steady ? "yes" : "no"}});
  return {};
}

}  // namespace baton::app
