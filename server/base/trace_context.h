// Which distributed trace a request belongs to, as W3C Trace Context puts it into headers.
// https://www.w3.org/TR/trace-context/
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace baton {

// 16 bytes, the most significant first. All zero: none.
struct TraceId {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  bool operator==(const TraceId&) const = default;
};

// 8 bytes. Zero: none.
enum class SpanId : std::uint64_t { kNone = 0 };

struct TraceContext {
  TraceId trace_id;
  SpanId parent = SpanId::kNone;  // the caller's span; none where the trace begins here
  SpanId span = SpanId::kNone;    // our own
  bool is_sampled = false;        // the caller records it
  std::string state;              // its tracestate, well-formed; empty for none
};

// Reads a `traceparent`. Nothing when it breaks the specification: a new trace begins then. Of
// versions after 00 the part that 00 knows. `span` and `state` are left empty.
std::optional<TraceContext> ParseTraceparent(std::string_view header);
// `00-TRACE-SPAN-FLAGS`: our own span, for whoever asked or is called by it.
std::string ToTraceparent(const TraceContext& context);
void AppendTraceparent(std::string& out, const TraceContext& context);
// Whether it is a list as the specification has them: keys with values, at most 32 of them and 512
// bytes together. Keys that come twice are left to whoever looks for one.
bool IsTracestate(std::string_view text);
inline constexpr std::size_t kMostTracestateBytes = 512;
inline constexpr std::size_t kMostTracestateMembers = 32;

// Random and never zero; no secret may depend on them. Threads: any, without a lock.
TraceId NewTraceId();
SpanId NewSpanId();

// Lower-case hexadecimal digits: 32, and 16.
std::string ToText(TraceId id);
std::string ToText(SpanId id);

}  // namespace baton
