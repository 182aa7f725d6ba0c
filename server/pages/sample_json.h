// A sample of what the server does, as JSON.
#pragma once

#include <string>

#include "server/control/status_sample.h"

namespace baton::pages {

// Which of it is told. The last misses are single requests, and why a model failed is for
// operators: both are for who may look at the admin API; the rest is what /metrics says, too.
enum class Told { kFigures, kAll };

// Appends one object: times in ms, rates a second. Names of endpoints may hold anything.
void AppendSample(std::string& out, const control::StatusSample& sample, Told told);

// "ready", "not ready", "out of service" or "draining".
std::string_view StateOf(const control::ServerState& server);

}  // namespace baton::pages
