// The target of a request: its four forms, and a path that is safe to compare and to look up.
#pragma once

#include <optional>

#include "server/http/message.h"
#include "server/http/refusal_kind.h"

namespace baton::http {

// Fills path and query from method and target. Takes origin-form ("/a?b"), absolute-form with http
// or https
// ("http://host/a?b", whose authority is checked for its form only), and "*" for OPTIONS.
//
// The path comes out with its percent-encodings decoded once and its dot segments removed. Refused,
// because somebody else may read them otherwise: encoded slashes and control characters, dot
// segments that climb above the root, fragments, and characters that a path may only hold encoded.
// Requires: the target's characters are all in 0x21 to 0x7E.
std::optional<Fault> ParseTarget(Request& request);

}  // namespace baton::http
