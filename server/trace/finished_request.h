// What the spans of one finished request are made of.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "server/base/clock.h"
#include "server/base/trace_context.h"

namespace baton::trace {

// The beginning of a text, without an allocation.
template <std::size_t Most>
class ShortText {
 public:
  ShortText() = default;
  ShortText(const ShortText& other) { *this = other.text(); }
  ShortText& operator=(const ShortText& other) { return *this = other.text(); }
  ShortText& operator=(std::string_view text) {
    size_ = static_cast<std::uint8_t>(std::min(text.size(), Most));
    std::copy_n(text.data(), size_, bytes_.data());
    return *this;
  }
  ~ShortText() = default;
  std::string_view text() const { return {bytes_.data(), size_}; }

 private:
  static_assert(Most <= 255);
  std::uint8_t size_ = 0;
  std::array<char, Most> bytes_;  // the first size_ of them
};

// How a request came.
struct Ask {
  bool is_grpc = false;
  bool is_secured = false;
  std::string_view method = "POST";  // of HTTP; a literal
  ShortText<119> path;               // of HTTP, cut off where it is longer
};

// Where the time of a request goes, one after the other.
enum class Stage { kRead, kQueue, kBatch, kRun, kWrite };
inline constexpr std::size_t kStages = 5;

struct Stages {
  std::array<Duration, kStages> times{};  // which sum to the whole
  std::uint32_t batch_size = 0;  // of the run that it was part of; 0: it ran alone, or not at all

  Duration Of(Stage stage) const { return times[static_cast<std::size_t>(stage)]; }
  // A stage that took no time has no span; but of a batch, which has a size to tell.
  bool HasSpan(Stage stage) const {
    return Of(stage) > Duration::zero() || (stage == Stage::kBatch && batch_size > 0);
  }
};

// How many spans a request with these comes to: its own, and one a stage.
inline std::size_t SpansOf(const Stages& stages) {
  std::size_t spans = 1;
  for (std::size_t i = 0; i < kStages; ++i) {
    if (stages.HasSpan(Stage{static_cast<int>(i)})) ++spans;
  }
  return spans;
}

// Threads: one at a time. Copies into one that was used before allocate nothing once it is warm.
struct FinishedRequest {
  TraceContext trace;
  Ask ask;
  std::string_view endpoint;     // outlives the tracer
  std::string version;           // of a model; empty for none
  std::string_view answer;       // a literal, as the next ones
  std::string_view cause;        // empty for none
  std::string_view criticality;  //
  bool is_miss = false;
  int status = 0;       // of HTTP; 0: nothing was sent
  int grpc_status = 0;  // of gRPC
  bool has_budget = false;
  Duration budget = Duration::zero();
  SteadyTime arrival;
  Stages stages;
};

}  // namespace baton::trace
