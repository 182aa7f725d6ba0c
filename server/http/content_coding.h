// The content codings of bodies (RFC 9110, 8.4 and 12.5.3): gzip, or none.
#pragma once

#include <string_view>

#include "server/base/result.h"
#include "server/http/message.h"

namespace baton::http {

// What an answer of 415 for a coding says in Accept-Encoding (RFC 7694).
inline constexpr std::string_view kTakenCodings = "gzip";

// Whether the body of `request` is gzip, by its Content-Encoding; `x-gzip` is another name of it.
// Errors: kUnsupported, naming the header's value, for any other coding and for gzip applied twice.
Result<bool> IsGzipBody(const Request& request);

// Whether the answer may be gzip: Accept-Encoding asks for it by name or by `*`, with a weight that
// is neither zero nor below that of `identity`. A weight that is malformed counts as zero.
bool TakesGzip(const Request& request);

}  // namespace baton::http
