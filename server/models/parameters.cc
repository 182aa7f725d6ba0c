// Lists of numbers out of text, and clear words for what is none.
#include "server/models/parameters.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <system_error>

namespace baton::models {
namespace {

std::string_view Trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

template <typename T>
std::optional<T> ParseNumber(std::string_view text) {
  T number{};
  const char* const end = text.data() + text.size();
  const auto [stop, failure] = std::from_chars(text.data(), end, number);
  if (failure != std::errc() || stop != end) return std::nullopt;
  return number;
}

// The numbers between commas; empty when one of them is none.
template <typename T>
std::optional<std::vector<T>> ParseList(std::string_view text) {
  text = Trimmed(text);
  if (text.size() >= 2 && text.front() == '[' && text.back() == ']') {
    text = Trimmed(text.substr(1, text.size() - 2));
  }
  std::vector<T> numbers;
  while (!text.empty()) {
    const auto comma = text.find(',');
    const auto number = ParseNumber<T>(Trimmed(text.substr(0, comma)));
    if (!number) return std::nullopt;
    numbers.push_back(*number);
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
    if (text.empty()) return std::nullopt;
  }
  return numbers;
}

}  // namespace

Status CheckKeys(const Parameters& parameters, std::span<const std::string_view> known,
                 std::string_view whose) {
  for (const auto& parameter : parameters) {
    if (std::find(known.begin(), known.end(), parameter.first) != known.end()) continue;
    std::string keys;
    for (const std::string_view key : known) {
      keys += keys.empty() ? "" : ", ";
      keys += key;
    }
    return Fail(ErrorCode::kInvalidArgument,
                std::string(whose) + " has no parameter '" + parameter.first + "', expected " +
                    (keys.empty() ? "none" : "one of " + keys),
                "parameters." + parameter.first);
  }
  return {};
}

tl::unexpected<Error> BadParameter(std::string_view key, std::string_view expected,
                                   std::string_view got) {
  return Fail(ErrorCode::kInvalidArgument,
              "parameter '" + std::string(key) + "': expected " + std::string(expected) +
                  ", got '" + std::string(got) + "'",
              "parameters." + std::string(key));
}

Result<std::vector<float>> ParseFloats(std::string_view key, std::string_view text) {
  auto numbers = ParseList<float>(text);
  const bool is_good = numbers && !numbers->empty() &&
                       std::all_of(numbers->begin(), numbers->end(),
                                   [](float number) { return std::isfinite(number); });
  if (!is_good) return BadParameter(key, "finite numbers with commas between them", text);
  return std::move(*numbers);
}

Result<Shape> ParseShape(std::string_view key, std::string_view text) {
  auto sizes = ParseList<std::int64_t>(text);
  const bool is_good = sizes && std::all_of(sizes->begin(), sizes->end(),
                                            [](std::int64_t size) { return size >= -1; });
  if (!is_good) return BadParameter(key, "a shape such as [-1,30]", text);
  return std::move(*sizes);
}

}  // namespace baton::models
