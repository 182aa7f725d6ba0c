// Thread roles as capabilities: state marked with one is touched by the thread in that role only.
#pragma once

#include "server/base/thread_annotations.h"

namespace baton {

class BATON_CAPABILITY("role") ThreadRole {};

// Held by the thread that runs an event loop, between two of its callbacks and inside them. One
// role for all loops: the analysis knows no per-object roles; EventLoop::AssertOnLoop checks which
// at run time.
inline ThreadRole on_loop;

}  // namespace baton
