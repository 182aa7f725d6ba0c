// The version policy, applied step by step: served ones, labels, canary, default.
#include "server/models/version_policy.h"

#include <algorithm>
#include <cstddef>
#include <string_view>

#include "server/models/model_names.h"

namespace baton::models {
namespace {

using Numbers = std::span<const std::int64_t>;

bool Holds(Numbers numbers, std::int64_t number) {
  return std::find(numbers.begin(), numbers.end(), number) != numbers.end();
}

std::string Listed(Numbers numbers) {
  std::string text;
  for (const std::int64_t number : numbers) {
    if (!text.empty()) text += ", ";
    text += std::to_string(number);
  }
  return text;
}

// Why `number`, which the key names, cannot be: it is not there, or not served.
Status CheckServed(std::string_view key, std::int64_t number, Numbers served, Numbers present) {
  if (Holds(served, number)) return {};
  const std::string field(key);
  const std::string what = field + ": version " + std::to_string(number);
  if (!Holds(present, number)) {
    return Fail(ErrorCode::kNotFound, what + " is not there, there is " + Listed(present), field);
  }
  return Fail(ErrorCode::kInvalidArgument,
              what + " is not among those that versions lets be served, " + Listed(served), field);
}

Result<std::vector<std::int64_t>> NumbersOf(const VersionPolicy& policy, Numbers present) {
  for (const std::int64_t number : policy.specific) {
    const Status there = CheckServed("versions.specific", number, present, present);
    if (!there) return tl::unexpected<Error>(there.error());
  }
  if (!policy.specific.empty()) return policy.specific;
  const bool is_cut = policy.latest > 0 && policy.latest < present.size();
  const Numbers served = is_cut ? present.last(policy.latest) : present;
  return std::vector<std::int64_t>(served.begin(), served.end());
}

Result<std::int64_t> CanaryOf(const CanaryConfig& canary, const ServedVersions& served) {
  if (canary.version.empty()) return served.numbers.back();
  if (const auto number = ParseVersion(canary.version)) return *number;
  const auto label = served.labels.find(canary.version);
  if (label != served.labels.end()) return label->second;
  return Fail(ErrorCode::kInvalidArgument,
              "canary.version: '" + canary.version + "' is none of versions.labels",
              "canary.version");
}

Status TakeLabels(const VersionPolicy& policy, Numbers present, ServedVersions& served) {
  for (const auto& [label, number] : policy.labels) {
    Status checked = CheckServed("versions.labels." + label, number, served.numbers, present);
    if (!checked) return checked;
  }
  served.labels = policy.labels;
  return {};
}

Status TakeCanary(const CanaryConfig& canary, Numbers present, ServedVersions& served) {
  const bool waits = canary.version.empty() && served.numbers.size() == 1;
  if (waits) return {};
  const Result<std::int64_t> number = CanaryOf(canary, served);
  if (!number) return tl::unexpected<Error>(number.error());
  Status checked = CheckServed("canary.version", *number, served.numbers, present);
  if (!checked) return checked;
  if (served.numbers.size() == 1) {
    return Fail(ErrorCode::kInvalidArgument,
                "canary.version: version " + std::to_string(*number) +
                    " is the only one that is served, expected another beside it",
                "canary.version");
  }
  served.canary = *number;
  return {};
}

}  // namespace

Result<ServedVersions> VersionsToServe(const ModelConfig& config, Numbers present) {
  if (present.empty()) return Fail(ErrorCode::kNotFound, "versions: there is none", "versions");
  ServedVersions served;
  auto numbers = NumbersOf(config.versions, present);
  if (!numbers) return tl::unexpected<Error>(numbers.error());
  served.numbers = *std::move(numbers);
  Status taken = TakeLabels(config.versions, present, served);
  if (taken && config.canary) taken = TakeCanary(*config.canary, present, served);
  if (!taken) return tl::unexpected<Error>(taken.error());
  served.default_version =
      *std::find_if(served.numbers.rbegin(), served.numbers.rend(),
                    [&served](std::int64_t number) { return number != served.canary; });
  return served;
}

}  // namespace baton::models
