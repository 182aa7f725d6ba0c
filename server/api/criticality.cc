// The header's words and the parameter's numbers.
#include "server/api/criticality.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "server/api/bad_input.h"

namespace baton::api {
namespace {

using serve::Criticality;

constexpr std::array kWords = {
    std::pair<std::string_view, Criticality>{"critical", Criticality::kCritical},
    std::pair<std::string_view, Criticality>{"default", Criticality::kDefault},
    std::pair<std::string_view, Criticality>{"sheddable", Criticality::kSheddable},
};

bool IsWord(std::string_view text, std::string_view word) {
  const auto same = [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a | 0x20) : a) == b;
  };
  return std::equal(text.begin(), text.end(), word.begin(), word.end(), same);
}

}  // namespace

Result<Criticality> ParseCriticality(std::string_view word) {
  for (const auto& [known, criticality] : kWords) {
    if (IsWord(word, known)) return criticality;
  }
  return tl::unexpected(
      BadInput("Baton-Criticality", "critical, default or sheddable", Quoted(word)));
}

std::optional<Criticality> CriticalityFromPriority(std::uint64_t priority) {
  if (priority == 0) return std::nullopt;
  return priority == 1 ? Criticality::kCritical : Criticality::kSheddable;
}

Result<std::optional<Criticality>> ReadCriticality(const http::Request& request,
                                                   const std::optional<std::uint64_t>& priority) {
  if (const auto value = request.Header("Baton-Criticality")) {
    const Result<Criticality> said = ParseCriticality(*value);
    if (!said) return tl::unexpected(said.error());
    return *said;
  }
  return priority ? CriticalityFromPriority(*priority) : std::nullopt;
}

}  // namespace baton::api
