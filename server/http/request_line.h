// The first line of a request: method, target, version.
#pragma once

#include <optional>
#include <string_view>

#include "server/http/message.h"
#include "server/http/refusal_kind.h"

namespace baton::http {

// Fills method, target, path, query and version_minor of `request` from a line without its CRLF,
// whose characters are all in 0x20 to 0x7E. On a fault, what came before it is filled.
//
// Read here and not by llhttp because every field has its own status, and because llhttp takes what
// RFC 9112 does not: runs of spaces, other protocols, targets of any form for any method.
std::optional<Fault> ParseRequestLine(std::string_view line, Request& request);

}  // namespace baton::http
