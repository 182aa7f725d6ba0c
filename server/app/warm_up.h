// Runs before the first request, told to those who judge by them.
#pragma once

#include <stop_token>

#include "server/app/request_desk.h"
#include "server/app/serving_state.h"
#include "server/base/clock.h"
#include "server/base/result.h"
#include "server/serve/endpoint.h"
#include "server/serve/handler.h"

namespace baton::app {

// Requests may queue from the first one on where it is known how long they take; what live requests
// have taught counts for more. Blocks; the policy in force says how large batches are. Errors: of
// the run that failed.
Status WarmUp(const serve::Endpoint& endpoint, const serve::Handler& handler,
              const ServingState& serving, const DeskParts& desk, const Clock& clock,
              const std::stop_token& stop = {});

}  // namespace baton::app
