// What an operator decides for an endpoint: budgets, what is promised of them, who gives way first,
// shares of the pool, batches and what is answered instead of a miss.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "server/base/clock.h"
#include "server/base/result.h"

namespace baton::serve {

// Who gives way first. Also a header's and a log's value.
enum class Criticality { kCritical, kDefault, kSheddable };
inline constexpr std::array kAllCriticalities = {Criticality::kCritical, Criticality::kDefault,
                                                 Criticality::kSheddable};
std::string_view ToText(Criticality criticality);  // "sheddable"
std::optional<Criticality> ParseCriticality(std::string_view text);
// The same for an operator: kInvalidArgument with the field "criticality".
Result<Criticality> ReadCriticality(std::string_view text);

// Requests that run as one, for models with a batch dimension.
struct BatchPolicy {
  std::size_t max_size = 1;               // 1 to 1024 requests; 1: each runs alone
  Duration max_delay = Duration::zero();  // how long the first may wait for more; 0 to 1 s

  bool operator==(const BatchPolicy&) const = default;
};

// What is answered instead of a miss. Never by default.
struct FallbackPolicy {
  enum class Kind {
    kNone,
    kConstant,  // always the same JSON object
    kLastGood,  // the last prediction for the same key
    kModel,     // a cheaper model, on a thread reserved for it
  };
  Kind kind = Kind::kNone;
  std::string constant;                  // kConstant: a JSON object, at most 64 KiB
  std::string key_header = "Baton-Key";  // kLastGood: the header whose value is the key
  Duration max_age = 60s;                // kLastGood: older ones are no answer; 1 ms to 24 h
  std::size_t max_bytes = std::size_t{8} << 20;  // kLastGood: kept in all; 1 KiB to 1 GiB
  std::string model;                             // kModel: another endpoint, a model

  bool operator==(const FallbackPolicy&) const = default;
};
std::string_view ToText(FallbackPolicy::Kind kind);  // "none", "constant", "last_good", "model"
// kInvalidArgument, with the field "fallback.kind", for anything else.
Result<FallbackPolicy::Kind> ReadFallbackKind(std::string_view text);

// Snapshots of it travel to the conductors and the scheduler.
struct EndpointPolicy {
  Duration default_budget = 50ms;  // 1 ms to max_budget
  Duration max_budget = 10s;       // 1 ms to 1 h
  // The share of requests that shall be predictions inside their budget, 0.95 to 0.99999: burn
  // rates divide by what is left of 1, and alerts look for 14.4 times that. Promised, not enforced.
  double slo_target = 0.99;
  Criticality criticality = Criticality::kDefault;  // of requests that say nothing themselves
  int max_workers = 0;  // workers that it may hold at once, 1 to 1024; 0: chosen by the scheduler
  int min_workers = 0;  // below as many it is served first; 0 to 1024, at most max_workers if set
  BatchPolicy batch;
  FallbackPolicy fallback;

  bool operator==(const EndpointPolicy&) const = default;
};

// kInvalidArgument for the first value out of range, with what is allowed, what came and the field:
// "default_budget", "max_budget", "slo_target", "max_workers", "min_workers", "batch_max_size",
// "batch_max_delay", "fallback.constant", "fallback.key_header", "fallback.max_age",
// "fallback.max_bytes" or "fallback.model". Of a fallback only what its kind uses is looked at.
// Whether a constant is JSON and whether a model is there is for others to say.
Status Validate(const EndpointPolicy& policy);

}  // namespace baton::serve
