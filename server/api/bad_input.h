// Sentences for a client whose input was not what was expected.
#pragma once

#include <string>
#include <string_view>

#include "server/api/json.h"
#include "server/base/result.h"

namespace baton::api {

// Text of the client in quotes for an error message, cut to a bearable length at a code point.
std::string Quoted(std::string_view text);

// What a value is, in a few words: `"abc"`, `1.5`, `true`, `null`, `an array of 3`, `an object`.
std::string Describe(const JsonValue& value);

// kInvalidArgument: "<field>: expected <expected>, got <got>".
Error BadInput(std::string field, std::string_view expected, std::string_view got);
Error BadInput(std::string field, std::string_view expected, const JsonValue& got);

}  // namespace baton::api
