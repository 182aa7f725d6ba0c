// What clients may cost, as an operator sets it: one table of NAME=VALUE.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "server/api/gzip_handler.h"
#include "server/api/json.h"
#include "server/base/result.h"
#include "server/http/session.h"
#include "server/serve/admission.h"

namespace baton::app {

struct LimitSettings {
  http::Session::Options session;
  serve::AdmissionLimits admission;
  std::size_t pending_requests = 65'536 + 4'096;  // the queue's cap and what may run
  std::size_t connections_per_address = 0;        // 0: as many as there may be in all
  std::size_t open_files = 1024;                  // of static files; an eighth of the descriptors
  std::size_t queued_files = 1024;                // requests that wait for one to be opened
  std::size_t json_depth = api::kUsualJsonDepth;
  api::GzipOptions gzip;
};

// Reads NAME=VALUE texts into `limits`. kInvalidArgument with everything that is wrong with them;
// then `limits` is as before.
Status ReadLimitFlags(const std::vector<std::string>& texts, LimitSettings& limits);

// A line for each name, with its form, its effect, its default and its range.
std::string LimitsHelp();

}  // namespace baton::app
