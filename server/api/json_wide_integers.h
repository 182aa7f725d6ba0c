// Whole numbers of a JSON text that no 64 bits hold, such as 100000000000000000000 for 1e20.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace baton::api {

// `text` with ".0" behind each of them, for a parser that reads fractions as double and knows no
// larger integers; empty when there is none. Looks at strings and digits alone, so that a malformed
// text stays one. Cost: one pass; meant for texts that a parser has refused.
std::optional<std::string> WidenIntegers(std::string_view text);

}  // namespace baton::api
