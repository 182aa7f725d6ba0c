// Names and ranges of what an operator decides for an endpoint.
#include "server/serve/endpoint_policy.h"

#include <algorithm>

#include "server/base/duration_text.h"
#include "server/base/percent_text.h"

namespace baton::serve {
namespace {

using Kind = FallbackPolicy::Kind;

constexpr std::array kAllFallbackKinds = {Kind::kNone, Kind::kConstant, Kind::kLastGood,
                                          Kind::kModel};
constexpr int kMostWorkers = 1024;
constexpr std::size_t kLongestHeaderName = 128;

Status FailSetting(const std::string& field, const std::string& value,
                   const std::string& expected) {
  return tl::unexpected<Error>(Error{ErrorCode::kInvalidArgument,
                                     field + " is " + value + ", expected " + expected, field,
                                     expected, value});
}

Status CheckDuration(const std::string& field, Duration value, Duration smallest, Duration largest,
                     const std::string& largest_is = "") {
  if (value >= smallest && value <= largest) return {};
  return FailSetting(field, FormatDuration(value),
                     FormatDuration(smallest) + " to " + FormatDuration(largest) + largest_is);
}

template <typename Number>
Status CheckNumber(const std::string& field, Number value, Number smallest, Number largest,
                   const std::string& unit_or_reason = "") {
  if (value >= smallest && value <= largest) return {};
  return FailSetting(field, std::to_string(value),
                     std::to_string(smallest) + " to " + std::to_string(largest) + unit_or_reason);
}

// What is no number is refused, too.
Status CheckShare(const std::string& field, double value, double smallest, double largest) {
  if (value >= smallest && value <= largest) return {};
  return FailSetting(field, FormatPercent(value),
                     FormatPercent(smallest) + " to " + FormatPercent(largest));
}

// RFC 9110, 5.6.2: token.
bool IsHeaderName(std::string_view text) {
  static constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  const auto is_token = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kMarks.find(c) != std::string_view::npos;
  };
  return !text.empty() && text.size() <= kLongestHeaderName &&
         std::all_of(text.begin(), text.end(), is_token);
}

Status CheckLastGood(const FallbackPolicy& fallback) {
  if (!IsHeaderName(fallback.key_header)) {
    return FailSetting(
        "fallback.key_header", "'" + fallback.key_header + "'",
        "the name of a header, at most " + std::to_string(kLongestHeaderName) + " characters");
  }
  const Status age = CheckDuration("fallback.max_age", fallback.max_age, 1ms, 24h);
  if (!age) return age;
  return CheckNumber("fallback.max_bytes", fallback.max_bytes, std::size_t{1} << 10,
                     std::size_t{1} << 30, " bytes");
}

Status CheckFallback(const FallbackPolicy& fallback) {
  switch (fallback.kind) {
    case Kind::kNone: return {};
    case Kind::kConstant:
      if (!fallback.constant.empty() && fallback.constant.size() <= std::size_t{64} << 10) {
        return {};
      }
      return FailSetting("fallback.constant", std::to_string(fallback.constant.size()) + " bytes",
                         "a JSON object of at most 65536 bytes");
    case Kind::kLastGood: return CheckLastGood(fallback);
    case Kind::kModel:
      if (!fallback.model.empty()) return {};
      return FailSetting("fallback.model", "empty", "the name of a model's endpoint");
  }
  return {};
}

Status CheckWorkers(const EndpointPolicy& policy) {
  const Status max = CheckNumber("max_workers", policy.max_workers, 0, kMostWorkers);
  if (!max) return max;
  if (policy.max_workers == 0)
    return CheckNumber("min_workers", policy.min_workers, 0, kMostWorkers);
  return CheckNumber("min_workers", policy.min_workers, 0, policy.max_workers, " (max_workers)");
}

// "critical, default or sheddable"
template <typename Values>
std::string Listed(const Values& values) {
  std::string list;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i > 0) list += i + 1 == values.size() ? " or " : ", ";
    list += ToText(values[i]);
  }
  return list;
}

template <typename Value, std::size_t Count>
std::optional<Value> Parse(const std::array<Value, Count>& values, std::string_view text) {
  for (const Value value : values) {
    if (ToText(value) == text) return value;
  }
  return std::nullopt;
}

template <typename Value, std::size_t Count>
Result<Value> Read(const std::string& field, const std::array<Value, Count>& values,
                   std::string_view text) {
  if (const auto value = Parse(values, text)) return *value;
  return tl::unexpected<Error>(
      FailSetting(field, "'" + std::string(text) + "'", Listed(values)).error());
}

}  // namespace

std::string_view ToText(Criticality criticality) {
  switch (criticality) {
    case Criticality::kCritical: return "critical";
    case Criticality::kDefault: return "default";
    case Criticality::kSheddable: return "sheddable";
  }
  return "";
}

std::string_view ToText(FallbackPolicy::Kind kind) {
  switch (kind) {
    case Kind::kNone: return "none";
    case Kind::kConstant: return "constant";
    case Kind::kLastGood: return "last_good";
    case Kind::kModel: return "model";
  }
  return "";
}

std::optional<Criticality> ParseCriticality(std::string_view text) {
  return Parse(kAllCriticalities, text);
}

Result<Criticality> ReadCriticality(std::string_view text) {
  return Read("criticality", kAllCriticalities, text);
}

Result<FallbackPolicy::Kind> ReadFallbackKind(std::string_view text) {
  return Read("fallback.kind", kAllFallbackKinds, text);
}

Status Validate(const EndpointPolicy& policy) {
  const Duration max = policy.max_budget;
  for (const Status& status :
       {CheckDuration("max_budget", max, 1ms, 1h),
        CheckDuration("default_budget", policy.default_budget, 1ms, max, " (the maximum)"),
        CheckShare("slo_target", policy.slo_target, 0.95, 0.99999), CheckWorkers(policy),
        CheckNumber<std::size_t>("batch_max_size", policy.batch.max_size, 1, 1024),
        CheckDuration("batch_max_delay", policy.batch.max_delay, 0ms, 1s),
        CheckFallback(policy.fallback)}) {
    if (!status) return status;
  }
  return {};
}

}  // namespace baton::serve
