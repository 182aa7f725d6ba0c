// Two headers in, two out.
#include "server/api/trace_headers.h"

#include <algorithm>
#include <utility>

#include "server/http/message.h"

namespace baton::api {
namespace {

// Several lines are one list. Longer than any may be where there is more of it.
std::string Joined(const TraceLines& lines) {
  std::string all;
  for (std::size_t n = 0; const auto line = lines(kTracestate, n); ++n) {
    if (!all.empty()) all += ',';
    all += line->substr(0, kMostTracestateBytes + 1);
    if (all.size() > kMostTracestateBytes) break;
  }
  return all;
}

}  // namespace

void FollowCaller(TraceContext& trace, const TraceLines& lines) {
  const std::optional<std::string_view> header = lines(kTraceparent, 0);
  if (!header || lines(kTraceparent, 1)) return;
  const std::optional<TraceContext> caller = ParseTraceparent(*header);
  if (!caller) return;
  trace.trace_id = caller->trace_id;
  trace.parent = caller->parent;
  trace.is_sampled = caller->is_sampled;
  std::string state = Joined(lines);
  std::ranges::replace(state, '\t', ' ');  // a space as good, and gRPC aborts on a tab
  if (IsTracestate(state)) trace.state = std::move(state);
}

void AppendTraceHeaders(std::string& headers, const TraceContext& trace) {
  headers.append(kTraceparent).append(": ");
  AppendTraceparent(headers, trace);
  headers += "\r\n";
  if (!trace.state.empty()) http::AppendHeader(headers, kTracestate, trace.state);
}

}  // namespace baton::api
