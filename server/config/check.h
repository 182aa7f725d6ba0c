// What is right by itself and not together.
#pragma once

#include "server/base/result.h"
#include "server/config/configuration.h"

namespace baton::config {

// Requires: every value was read by the schema's rules, and defaults are there.
// Errors: kInvalidArgument with everything that does not go together, a line each:
// "origin: key: what it is, what is expected".
Status CheckWhole(const Configuration& configuration);

}  // namespace baton::config
