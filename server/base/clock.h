// Where "now" comes from: the machine's monotonic clock, or a test's own.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace baton {

using SteadyTime = std::chrono::steady_clock::time_point;
using Duration = std::chrono::nanoseconds;
using namespace std::chrono_literals;

// Threads: any.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual SteadyTime Now() const = 0;
};

class SystemClock final : public Clock {
 public:
  SteadyTime Now() const override { return std::chrono::steady_clock::now(); }
};

// Stands still until told. Starts at one second past the epoch, so that "a second ago" exists.
class ManualClock final : public Clock {
 public:
  SteadyTime Now() const override { return SteadyTime(Duration(now_ns_.load())); }
  void Advance(Duration by) { now_ns_.fetch_add(by.count()); }

 private:
  std::atomic<Duration::rep> now_ns_{std::chrono::duration_cast<Duration>(1s).count()};
};

// What people and other machines read: milliseconds since 1970, of the clock that may be set.
inline std::int64_t UnixMillis() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

inline double ToSeconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}
inline Duration Scale(Duration duration, double by) {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double, std::nano>(duration) *
                                              by);
}
inline double ToMillis(Duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

}  // namespace baton
