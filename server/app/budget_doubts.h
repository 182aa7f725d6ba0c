// Budgets that are below what runs have needed so far.
#pragma once

#include <string>
#include <vector>

#include "server/app/serving_state.h"
#include "server/serve/endpoint_policy.h"
#include "server/serve/endpoints.h"
#include "server/serve/scheduler.h"

namespace baton::app {

// What is doubtful about an endpoint with that policy, a sentence each, behind its name. Nothing
// while nothing is known of its runs.
std::vector<std::string> DoubtsOf(const serve::Endpoint& endpoint,
                                  const serve::EndpointPolicy& policy, serve::Scheduler& scheduler);
// Of all of them, as they are served now.
std::vector<std::string> AllDoubts(const serve::Endpoints& endpoints, const ServingState& serving,
                                   serve::Scheduler& scheduler);

// A line for each.
void LogDoubts(const std::vector<std::string>& doubts);

}  // namespace baton::app
