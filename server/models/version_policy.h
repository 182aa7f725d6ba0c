// Which of a model's versions are served, which answers requests without a version, and by what
// names they can be asked for.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "server/base/result.h"
#include "server/models/model_config.h"

namespace baton::models {

struct ServedVersions {
  std::vector<std::int64_t> numbers;  // ascending, one at least
  // Answers requests without a version: the newest that is not the canary.
  std::int64_t default_version = 0;
  std::optional<std::int64_t> canary;  // gets config.canary->share of those requests
  std::map<std::string, std::int64_t, std::less<>> labels;
};

// What `config` makes of the versions that are there, `present`, ascending. A canary that is to be
// the newest waits until there is another one.
// Errors: kNotFound when there is none, or one that the policy, a label or the canary names is not
// there; kInvalidArgument for a label or canary that is there and not served, and for a canary
// alone. The message names the key and what there is.
Result<ServedVersions> VersionsToServe(const ModelConfig& config,
                                       std::span<const std::int64_t> present);

}  // namespace baton::models
