// Reading of the two headers.
#include "server/access/presented.h"

#include <algorithm>

namespace baton::access {
namespace {

constexpr std::string_view kScheme = "bearer";
constexpr std::string_view kBlanks = " \t";

std::string_view Trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) + 1 - begin);
}

}  // namespace

std::string_view BearerToken(std::string_view authorization) {
  const std::size_t end = authorization.find_first_of(kBlanks);
  if (end != kScheme.size()) return {};
  const auto is_same = [](char wanted, char given) { return (given | 0x20) == wanted; };
  if (!std::equal(kScheme.begin(), kScheme.end(), authorization.begin(), is_same)) return {};
  return Trimmed(authorization.substr(end));
}

std::string_view PresentedKey(std::optional<std::string_view> authorization,
                              std::optional<std::string_view> x_api_key) {
  if (x_api_key) return Trimmed(*x_api_key);
  return authorization ? BearerToken(*authorization) : std::string_view();
}

}  // namespace baton::access
