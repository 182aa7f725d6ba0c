// The trace of a request, as headers or metadata say it, and as its answer says it again.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "server/base/trace_context.h"

namespace baton::api {

inline constexpr std::string_view kTraceparent = "traceparent";
inline constexpr std::string_view kTracestate = "tracestate";

// The `nth` line of a name, from 0; none beyond the last.
using TraceLines =
    std::function<std::optional<std::string_view>(std::string_view name, std::size_t nth)>;

// Makes `trace`, which has a span of its own, part of the caller's trace. Without exactly one good
// `traceparent` it stays as it is; a `tracestate` that is broken, or too long, is left out.
void FollowCaller(TraceContext& trace, const TraceLines& lines);

// Whether the caller named a trace: then the answer names it again.
inline bool IsFollowed(const TraceContext& trace) { return trace.parent != SpanId::kNone; }

// `traceparent` with our own span, and `tracestate` where there is one, as header lines.
void AppendTraceHeaders(std::string& headers, const TraceContext& trace);

}  // namespace baton::api
