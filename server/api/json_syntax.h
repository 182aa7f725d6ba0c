// Where a text stops being JSON.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace baton::api {

// The offset in bytes of the first byte at which `text` cannot go on to be an RFC 8259 document of
// at most `max_depth` levels; text.size() when more is missing at its end; empty when the text is a
// document. Looks at structure, strings and the form of numbers, not at UTF-8 or the size of
// numbers. Cost: one pass over the text, no allocation; meant for texts that a parser has refused.
std::optional<std::size_t> FindSyntaxError(std::string_view text, std::size_t max_depth);

}  // namespace baton::api
