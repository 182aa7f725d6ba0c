// The two measures against the steps of the ladder.
#include "server/app/overload_ladder.h"

#include <limits>

namespace baton::app {
namespace {

constexpr Duration kQuiet = 200ms;

struct Step {
  Duration up_lag;
  Duration down_lag;
  double up_descriptors;
  double down_descriptors;
};
constexpr double kNone = std::numeric_limits<double>::infinity();
constexpr std::array<Step, kOverloadLevels> kSteps = {{
    {0ms, 0ms, kNone, kNone},  // kCalm: nothing leads up or down from there
    {5ms, 2500us, kNone, kNone},
    {20ms, 10ms, kNone, kNone},
    {100ms, 50ms, 0.9, 0.8},
}};

const Step& StepOf(OverloadLevel level) { return kSteps[static_cast<std::size_t>(level)]; }

OverloadLevel Below(OverloadLevel level) {
  return static_cast<OverloadLevel>(static_cast<std::size_t>(level) - 1);
}

OverloadLevel CalledFor(Duration lag, double descriptors) {
  OverloadLevel level = OverloadLevel::kClosed;
  while (level != OverloadLevel::kCalm && lag <= StepOf(level).up_lag &&
         descriptors < StepOf(level).up_descriptors) {
    level = Below(level);
  }
  return level;
}

bool IsQuiet(OverloadLevel level, Duration lag, double descriptors) {
  return lag < StepOf(level).down_lag && descriptors < StepOf(level).down_descriptors;
}

}  // namespace

std::string_view ToText(OverloadLevel level) {
  switch (level) {
    case OverloadLevel::kCalm: return "calm";
    case OverloadLevel::kTerse: return "terse";
    case OverloadLevel::kNoPipelining: return "no_pipelining";
    case OverloadLevel::kClosed: return "closed";
  }
  return "";
}

OverloadLevel OverloadLadder::Observe(Duration lag, double descriptors, SteadyTime now) {
  const OverloadLevel called_for = CalledFor(lag, descriptors);
  if (called_for > level_) MoveTo(called_for);
  if (IsQuiet(level_, lag, descriptors)) {
    if (!quiet_since_) quiet_since_ = now;
  } else {
    quiet_since_.reset();
  }
  if (quiet_since_ && now - *quiet_since_ >= kQuiet) {
    MoveTo(Below(level_));
    if (IsQuiet(level_, lag, descriptors)) quiet_since_ = now;
  }
  return level_;
}

void OverloadLadder::MoveTo(OverloadLevel level) {
  level_ = level;
  quiet_since_.reset();
  ++changes_[static_cast<std::size_t>(level)];
}

}  // namespace baton::app
