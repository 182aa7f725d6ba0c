// Reading and writing of shares.
#include "server/base/percent_text.h"

#include <array>
#include <charconv>
#include <cmath>
#include <system_error>

namespace baton {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

Result<double> ParsePercent(std::string_view text) {
  const bool is_number =
      text.size() >= 2 && IsDigit(text.front()) && IsDigit(text[text.size() - 2]);
  if (is_number && text.ends_with('%')) {
    // Read as a share at once: a number divided by 100 would be rounded twice.
    const std::string share_text = std::string(text.substr(0, text.size() - 1)) + "e-2";
    const char* const end = share_text.data() + share_text.size();
    double share = 0;
    const auto [stop, failure] = std::from_chars(share_text.data(), end, share);
    if (failure == std::errc() && stop == end && share >= 0 && share <= 1) return share;
  }
  return Fail(ErrorCode::kInvalidArgument, "'" + std::string(text) +
                                               "' is no percentage: expected a number from 0 to "
                                               "100 and a % (such as 99.9%)");
}

std::string FormatPercent(double share) {
  std::array<char, 320> text{};  // the largest double fits
  const double percent = std::round(share * 1e12) / 1e10;
  const auto end =
      std::to_chars(text.data(), text.data() + text.size(), percent, std::chars_format::fixed).ptr;
  return std::string(text.data(), end) + "%";
}

}  // namespace baton
