// Reading of factors and names, and the arithmetic of a plan.
#include "client/lib/overload_plan.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "server/base/check.h"

namespace baton::client {
namespace {

std::vector<std::string_view> SplitAtCommas(std::string_view text) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t at = text.find(',');
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

tl::unexpected<Error> BadFactors(std::string_view text, const std::string& reason) {
  return Fail(ErrorCode::kInvalidArgument,
              "expected 1 to 20 different numbers from 0.01 to 100 such as 0.5,1,2, got '" +
                  std::string(text) + "': " + reason,
              "factors");
}

bool IsName(std::string_view text) {
  const bool is_visible =
      std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
  return is_visible && text.find_first_not_of(' ') != std::string_view::npos;
}

}  // namespace

Result<std::vector<double>> ParseFactors(std::string_view text) {
  constexpr std::size_t kMost = 20;
  std::vector<double> factors;
  for (const std::string_view part : SplitAtCommas(text)) {
    double factor = 0;
    const auto [end, failure] = std::from_chars(part.data(), part.data() + part.size(), factor);
    const bool is_number = failure == std::errc() && end == part.data() + part.size();
    if (!is_number || !(factor >= 0.01 && factor <= 100)) {
      return BadFactors(text, "'" + std::string(part) + "' is none");
    }
    factors.push_back(factor);
  }
  std::sort(factors.begin(), factors.end());
  if (factors.size() > kMost) return BadFactors(text, "too many");
  if (std::adjacent_find(factors.begin(), factors.end()) != factors.end()) {
    return BadFactors(text, "one is there twice");
  }
  return factors;
}

Result<std::vector<std::string>> ParseNames(std::string_view text, std::size_t servers) {
  std::vector<std::string> names;
  for (const std::string_view part : SplitAtCommas(text)) names.emplace_back(part);
  const bool are_names = std::all_of(names.begin(), names.end(), IsName);
  const bool is_repeated = names.size() == 2 && names[0] == names[1];
  if (names.size() == servers && are_names && !is_repeated) return names;
  return Fail(ErrorCode::kInvalidArgument,
              "expected " + std::to_string(servers) +
                  (servers == 1 ? " name" : " different names, separated by a comma,") +
                  " of visible ASCII, got '" + std::string(text) + "'",
              "names");
}

std::size_t CapacityRamp::NextConnections() const {
  constexpr std::size_t kPatience = 2;
  return in_vain_ >= kPatience || next_ > kMostConnections ? 0 : next_;
}

void CapacityRamp::Add(double good_per_second) {
  BATON_CHECK(NextConnections() != 0);
  constexpr double kGain = 1.05;
  const bool is_gain = good_per_second > gained_rate_ * kGain;
  in_vain_ = is_gain ? 0 : in_vain_ + 1;
  if (is_gain) gained_rate_ = good_per_second;
  if (good_per_second > best_rate_) {
    best_rate_ = good_per_second;
    best_connections_ = next_;
  }
  next_ *= 2;
}

std::size_t ConnectionsFor(double rate, Duration budget) {
  constexpr double kFewest = 64;
  constexpr double kMost = 4096;
  return static_cast<std::size_t>(
      std::clamp(std::ceil(2 * rate * ToSeconds(budget)), kFewest, kMost));
}

}  // namespace baton::client
