// Whether what is in memory (keys, tokens, clients' data) may end up in a file when the process
// dies.
#pragma once

#include "server/base/result.h"

namespace baton::lifecycle {

// No core dumps, and no tracing or reading of the memory by processes of the same user. The kernel
// gives the process' files below /proc to root; the process itself goes on reading its own.
// Errors: kInternal.
Status ForbidCoreDumps();

// Both are there again, within the hard limit that the process was started with. To be called after
// the user was changed, which makes the kernel forbid them. Errors: kInternal.
Status AllowCoreDumps();

}  // namespace baton::lifecycle
