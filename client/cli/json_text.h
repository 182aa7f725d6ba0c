// JSON that came from elsewhere: is it valid, and how does it look for people.
#pragma once

#include <string>
#include <string_view>

namespace baton::client {

// Whether `text` is one whole JSON document.
bool IsJson(std::string_view text);

// Valid JSON with indentation; an array without objects or nested arrays stays on one line. Numbers
// and strings keep their exact text. Requires: IsJson(json).
std::string PrettyJson(std::string_view json);

// `text` with control characters other than line breaks and tabs replaced, so that what a server
// sends cannot drive a terminal.
std::string PrintableText(std::string_view text);

}  // namespace baton::client
