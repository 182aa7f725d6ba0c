// What is doubtful about the settings of an endpoint, given what is known of its runs.
#pragma once

#include <string>
#include <vector>

#include "server/control/control_port.h"

namespace baton::control {

// A sentence each, without the endpoint's name. A default budget is doubtful that is below the
// median of the runs and the least time that an answer needs to leave: most of the requests that
// ask for no budget of their own could not be in time.
std::vector<std::string> WarningsOf(const EndpointState& state);

}  // namespace baton::control
