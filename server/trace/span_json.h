// Finished requests as spans, in the JSON of the OpenTelemetry protocol (OTLP 1).
// https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include "server/trace/finished_request.h"

namespace baton::trace {

// As the method of a request that has none of those that are known.
inline constexpr std::string_view kOtherMethod = "_OTHER";

// Whose spans they are.
struct Resource {
  std::string service = "baton";
  std::string instance;  // of all of that service, this process; empty: not said
  std::string host;
};

// What the wall clock shows at an instant of the monotonic one. Made once for a message, so that
// all of its times agree with each other.
struct WallClock {
  SteadyTime steady;
  std::chrono::system_clock::time_point wall;

  std::int64_t UnixNanos(SteadyTime at) const {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(wall.time_since_epoch()).count() +
           std::chrono::duration_cast<std::chrono::nanoseconds>(at - steady).count();
  }
};

// One message, written piece by piece.
class SpanMessage {
 public:
  SpanMessage(const Resource& resource, const WallClock& clock);

  void Add(const FinishedRequest& request);
  // Closes it. Nothing can be added afterwards.
  std::string Finish();

  std::size_t spans() const { return spans_; }
  std::size_t bytes() const { return text_.size(); }

 private:
  void AddSpan(const FinishedRequest& request);
  void AddStage(const FinishedRequest& request, Stage stage, SteadyTime from);

  const WallClock clock_;
  std::string text_;
  std::size_t spans_ = 0;
};

}  // namespace baton::trace
