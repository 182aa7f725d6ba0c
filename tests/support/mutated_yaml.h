// A YAML text with some damage, for readers that refuse it or read it, and do nothing else.
#pragma once

#include <algorithm>
#include <cstddef>
#include <random>
#include <string>
#include <string_view>

namespace baton {

// One to four changes: a byte, a piece taken out, put in twice, or swapped with what YAML minds.
inline std::string MutatedYaml(std::string text, std::mt19937& random) {
  using std::string_view_literals::operator""sv;
  constexpr std::string_view kSigns = "\n\t :-?[]{},&*!|>'\"%@`#~\\\0\x80\xFF\xEF\xBB\xBF"sv;
  const auto below = [&random](std::size_t bound) { return random() % bound; };
  for (std::size_t changes = 1 + below(4); changes > 0 && !text.empty(); --changes) {
    const std::size_t at = below(text.size());
    const std::size_t length = 1 + below(std::min<std::size_t>(text.size() - at, 12));
    switch (below(5)) {
      case 0: text[at] = static_cast<char>(below(256)); break;
      case 1: text[at] = kSigns[below(kSigns.size())]; break;
      case 2: text.erase(at, length); break;
      case 3: text.insert(at, text.substr(at, length)); break;
      default: text.insert(below(text.size()), text.substr(at, length)); break;
    }
  }
  return text;
}

}  // namespace baton
