// A JSON reader written from RFC 8259 and nothing else, to hold the server's against.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace baton::fuzz {

struct PlainJson {
  using List = std::vector<PlainJson>;
  using Members = std::vector<std::pair<std::string, PlainJson>>;

  std::variant<std::nullptr_t, bool, std::int64_t, std::uint64_t, double, std::string, List,
               Members>
      value = nullptr;
};

// Empty for what is no document, for text that is not UTF-8 or names half a surrogate pair, for
// integers beyond 64 bits and numbers beyond double, for a key that comes twice in one object, and
// for more than `max_depth` arrays and objects inside each other, the innermost not counted when it
// is empty. Cost: recursive, and copies everything.
std::optional<PlainJson> ParsePlainJson(std::string_view text, std::size_t max_depth);

}  // namespace baton::fuzz
