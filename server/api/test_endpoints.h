// POST /test/sleep and /test/spin: work of a known length, for tests and benchmarks.
#pragma once

#include <memory>

#include "server/serve/handler.h"

namespace baton::api {

// Both take {"ms": N}, N a number from 0 to 60000, and hold the worker for that long, whatever the
// deadline says: they stand for a model that is stuck. With `"cancellable": true` they stand for
// one that can be stopped: they end early when nobody waits for the answer, as kDeadlineExceeded.
// Errors: kInvalidArgument with the field "ms" or "cancellable".

// Waits; answers {"ms":N,"slept_ms":...}.
std::unique_ptr<serve::Handler> MakeSleepHandler();

// Computes; answers {"ms":N,"spun_ms":...}.
std::unique_ptr<serve::Handler> MakeSpinHandler();

}  // namespace baton::api
