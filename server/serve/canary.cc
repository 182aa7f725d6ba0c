// A test of two proportions, and a low-discrepancy sequence.
#include "server/serve/canary.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string_view>
#include <utility>

namespace baton::serve {
namespace {

constexpr double kDoubt = 3.72;  // standard deviations
constexpr std::uint64_t kFewestRequests = 20;
constexpr double kMostOfThem = 0.5;
// 2^64 divided by the golden ratio, odd.
constexpr std::uint64_t kGoldenStep = 0x9E3779B97F4A7C15;

struct Interval {
  double lower = 0;
  double upper = 1;
};

// The score interval of E. B. Wilson, Journal of the American Statistical Association 22 (1927),
// 209-212: the rates p of which the seen rate is within z standard deviations sqrt(p (1 - p) / n).
// Good for few requests and rates near 0, unlike one around the seen rate.
Interval WilsonInterval(std::uint64_t hits, std::uint64_t requests) {
  const auto n = static_cast<double>(requests);
  const double rate = static_cast<double>(std::min(hits, requests)) / n;
  const double z2 = kDoubt * kDoubt;
  const double centre = rate + z2 / (2 * n);
  const double spread = kDoubt * std::sqrt(rate * (1 - rate) / n + z2 / (4 * n * n));
  const double scale = 1 + z2 / n;
  return {std::max(0.0, (centre - spread) / scale), std::min(1.0, (centre + spread) / scale)};
}

std::string Percent(double rate) {
  std::array<char, 32> text{};
  const double rounded = std::round(rate * 1000) / 10;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), rounded).ptr;
  return std::string(text.data(), end) + " %";
}

std::string RateOf(std::uint64_t hits, std::uint64_t requests) {
  return Percent(static_cast<double>(std::min(hits, requests)) / static_cast<double>(requests));
}

std::string StableRate(std::uint64_t hits, std::uint64_t requests) {
  if (requests == 0) return "the stable version had none";
  return "stable's " + RateOf(hits, requests) + " of " + std::to_string(requests);
}

// Empty when the canary is not worse.
std::string WhatIsWorse(std::string_view kind, std::uint64_t VersionWindow::*hits,
                        const VersionWindow& stable, const VersionWindow& canary,
                        const CanaryPolicy& policy) {
  if (canary.requests < std::min(kFewestRequests, policy.min_requests)) return {};
  const bool is_alone = stable.requests == 0;
  const double at_most = is_alone ? 0 : WilsonInterval(stable.*hits, stable.requests).upper;
  const double at_least = WilsonInterval(canary.*hits, canary.requests).lower;
  const bool is_enough = canary.requests >= policy.min_requests || at_least > kMostOfThem;
  if (!is_enough || at_least <= at_most + policy.margin) return {};
  return std::string(kind) + " rate " + RateOf(canary.*hits, canary.requests) + " of " +
         std::to_string(canary.requests) + " requests, " +
         StableRate(stable.*hits, stable.requests) + ", margin " + Percent(policy.margin);
}

}  // namespace

CanaryVerdict JudgeCanary(const VersionWindow& stable, const VersionWindow& canary,
                          const CanaryPolicy& policy) {
  std::string reason = WhatIsWorse("error", &VersionWindow::errors, stable, canary, policy);
  if (reason.empty()) {
    reason = WhatIsWorse("miss", &VersionWindow::misses, stable, canary, policy);
  }
  const bool rolls_back = !reason.empty();
  return {rolls_back, std::move(reason)};
}

bool TakesCanary(std::uint64_t counter, double share) {
  if (share >= 1) return true;
  // Multiples of the golden ratio, modulo one, fall evenly at every length (Knuth, The Art of
  // Computer Programming, volume 3, 6.4).
  const double place = std::ldexp(static_cast<double>(counter * kGoldenStep >> 11), -53);
  return place < share;
}

}  // namespace baton::serve
