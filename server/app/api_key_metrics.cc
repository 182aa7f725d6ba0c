// Children come and go with the names.
#include "server/app/api_key_metrics.h"

#include <array>
#include <functional>
#include <utility>

namespace baton::app {
namespace {

using access::KeyOutcome;

constexpr const char* kRequests = "baton_api_key_requests_total";
constexpr std::array<KeyOutcome, 3> kOutcomesOfKeys = {KeyOutcome::kAllowed, KeyOutcome::kOverRate,
                                                       KeyOutcome::kExpired};
constexpr std::array<KeyOutcome, 2> kOutcomesOfStrangers = {KeyOutcome::kMissing,
                                                            KeyOutcome::kUnknown};

metrics::Labels LabelsOf(const std::string& name, KeyOutcome outcome) {
  return {{"key", name}, {"outcome", std::string(ToText(outcome))}};
}

void AddChild(metrics::Registry& registry, const std::string& name, KeyOutcome outcome,
              std::function<double()> read) {
  registry.AddCounterFunction(
      kRequests,
      "Where clients need API keys: requests and calls by the name of their key, which is one of "
      "the file's, and what the key came to; a name that leaves the file takes its counters along.",
      LabelsOf(name, outcome), std::move(read));
}

double CountOf(const access::KeyAccount& account, KeyOutcome outcome) {
  return static_cast<double>(account.requests[static_cast<std::size_t>(outcome)].load());
}

}  // namespace

void AddSecretFileMetrics(metrics::Registry& registry, const std::string& name,
                          const access::SecretFile& file) {
  const auto add = [&](const char* result, std::function<double()> read) {
    registry.AddCounterFunction(
        "baton_secret_reads_total",
        "How often a file of hashed tokens (api_keys, admin_tokens) was read again because it had "
        "changed; failed leaves those that there are.",
        {{"file", name}, {"result", result}}, std::move(read));
  };
  add("ok", [&file] { return static_cast<double>(file.reads()); });
  add("failed", [&file] { return static_cast<double>(file.refused_reads()); });
}

ApiKeyMetrics::ApiKeyMetrics(metrics::Registry& registry, const access::ApiKeys& keys)
    : registry_(registry), keys_(keys) {
  for (const KeyOutcome outcome : kOutcomesOfStrangers) {
    registry_.AddCounterFunction(
        "baton_api_key_strangers_total",
        "Requests and calls without an API key, or with one that is not known.",
        {{"outcome", std::string(ToText(outcome))}},
        [&keys, outcome] { return CountOf(keys.strangers(), outcome); });
  }
  FollowFile();
}

void ApiKeyMetrics::FollowFile() {
  auto wanted = keys_.Accounts();
  for (const auto& [name, account] : shown_) {
    const auto found = wanted.find(name);
    if (found != wanted.end() && found->second == account) continue;
    for (const KeyOutcome outcome : kOutcomesOfKeys) {
      registry_.RemoveChild(kRequests, LabelsOf(name, outcome));
    }
  }
  for (const auto& [name, account] : wanted) {
    const auto found = shown_.find(name);
    if (found == shown_.end() || found->second != account) Add(name, account);
  }
  shown_ = std::move(wanted);
}

void ApiKeyMetrics::Add(const std::string& name,
                        const std::shared_ptr<const access::KeyAccount>& account) {
  for (const KeyOutcome outcome : kOutcomesOfKeys) {
    AddChild(registry_, name, outcome, [account, outcome] { return CountOf(*account, outcome); });
  }
}

}  // namespace baton::app
