// The word that was probably meant, for errors about unknown ones.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace baton {

// How many letters have to be changed, put in or taken out to get from one word to the other.
std::size_t EditDistance(std::string_view from, std::string_view to);

// The one of `words` with the fewest letters to change; empty when even that has more than half of
// its own to change, or there are none.
std::string_view NearestWord(std::string_view word, std::span<const std::string_view> words);

}  // namespace baton
