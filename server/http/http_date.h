// Dates as HTTP headers carry them.
#pragma once

#include <ctime>
#include <optional>
#include <string_view>

namespace baton::http {

// Reads the three forms of RFC 9110, 5.6.7: "Sun, 06 Nov 1994 08:49:37 GMT", the older "Sunday,
// 06-Nov-94 08:49:37 GMT", whose year is the nearest to `now` that is not more than 50 years ahead,
// and "Sun Nov  6 08:49:37 1994". Empty for anything else, and for days and times that do not
// exist; which day of the week it was said to be does not matter. (They are written by DateCache.)
std::optional<std::time_t> ParseHttpDate(std::string_view text, std::time_t now);

}  // namespace baton::http
