// gzip (RFC 1952), both ways, a piece at a time.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "server/base/result.h"

namespace baton::http {

// Asked before every piece of work, of at most 64 KiB of input and of output; no ends it.
using GoOn = std::function<bool()>;

// What `zipped` expands to: one member, or several one after the other, and nothing behind them.
// At most `max_bytes`, and memory only for what has come out, however much the data claims; where
// it claims more than that and begins like it, it is refused at once. The capacity reaches 64 bytes
// beyond the size, as that of Request::body.
// Errors: kInvalidArgument, with the place in bytes, for what is no gzip, is corrupt, cut short, or
// followed by something else; kTooLarge; kDeadlineExceeded when `go_on` said no; kResourceExhausted
// when there is no memory.
// Threads: any. Cost: 100 KiB a thread that has expanded something.
Result<std::string> Expand(std::string_view zipped, std::size_t max_bytes, const GoOn& go_on);

// `plain` as one member, made at the fastest level; nothing when that is no smaller, when `go_on`
// said no, or when there is no memory.
// Threads: any. Cost: 350 KiB a thread that has compressed something; about 15 ns a byte.
std::optional<std::string> Compress(std::string_view plain, const GoOn& go_on);

}  // namespace baton::http
