// The live page as it is at one moment: what browsers show before their script runs, or without.
#pragma once

#include <string>

#include "server/control/status_sample.h"
#include "server/pages/sample_json.h"

namespace baton::pages {

// HTML. The script of the page (site/live.js) keeps the same places up to date.
std::string LivePage(const control::StatusSample& sample, Told told);

}  // namespace baton::pages
