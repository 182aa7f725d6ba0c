// Budgets that are below what runs have needed so far.
#include "server/app/budget_doubts.h"

#include <utility>

#include "server/app/endpoint_policies.h"
#include "server/base/log.h"
#include "server/control/endpoint_warnings.h"

namespace baton::app {

std::vector<std::string> DoubtsOf(const serve::Endpoint& endpoint,
                                  const serve::EndpointPolicy& policy,
                                  serve::Scheduler& scheduler) {
  control::EndpointState state;
  Describe(policy, state);
  const serve::Scheduler::Estimate learned =
      scheduler.EstimateOf(endpoint.index, policy.default_budget);
  state.estimate.q50 = learned.q50;
  state.estimate.samples = learned.samples;
  std::vector<std::string> doubts = control::WarningsOf(state);
  for (std::string& doubt : doubts) doubt.insert(0, endpoint.name + ": ");
  return doubts;
}

std::vector<std::string> AllDoubts(const serve::Endpoints& endpoints, const ServingState& serving,
                                   serve::Scheduler& scheduler) {
  std::vector<std::string> all;
  for (const serve::Endpoint* const endpoint : endpoints.All()) {
    for (std::string& one : DoubtsOf(*endpoint, serving.PolicyOf(endpoint->index), scheduler)) {
      all.push_back(std::move(one));
    }
  }
  return all;
}

void LogDoubts(const std::vector<std::string>& doubts) {
  for (const std::string& doubt : doubts) {
    Log(LogLevel::kWarning, "doubtful_setting", {{"warning", doubt}});
  }
}

}  // namespace baton::app
