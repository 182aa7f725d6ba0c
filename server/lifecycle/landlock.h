// The kernel's landlock(7): what this process may still do to files.
#pragma once

#include "server/base/result.h"
#include "server/lifecycle/path_rules.h"

namespace baton::lifecycle {

// What the kernel has: 1 or later. Errors: kUnsupported says why there is none.
Result<int> LandlockVersion();

// From now on the calling thread, and each that it starts, reach the files that `needs` names and
// no others, and execute none; open descriptors stay as they are. There is no way back. Where the
// kernel can, signals and abstract Unix sockets of other processes are out of reach, too. Requires:
// no_new_privs is set. Errors: kUnsupported without landlock, kFailedPrecondition with more than
// one thread, since the others would go free; kInternal where the kernel refuses.
Status RestrictPaths(const PathNeeds& needs);

}  // namespace baton::lifecycle
