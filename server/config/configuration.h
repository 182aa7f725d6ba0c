// What a server is configured to, and for each value where it came from.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "baton/config/v1/server_config.pb.h"

namespace baton::config {

struct Configuration {
  v1::ServerConfig values;
  // By the path of each value that is there ("limits.body_bytes", "endpoints.tumour.max_workers"):
  // "default", "baton.yaml:3:7", "env BATON_WORKERS", "flag --workers".
  std::map<std::string, std::string, std::less<>> origins;

  // Of the value at `path`, or of the first one below it; empty where there is none.
  std::string_view OriginOf(std::string_view path) const;
};

// What holds where nobody says anything.
Configuration Defaults();

// Takes every value of `over` in place of the one that is there. A fallback of another kind takes
// nothing over from the one before.
void Overlay(const Configuration& over, Configuration& target);

}  // namespace baton::config
