// Lines of the log about single requests: misses, and a sample of the others.
#pragma once

#include <cstdint>

#include "server/app/access_log_options.h"
#include "server/app/request_records.h"

namespace baton::app {

// The lines of one conductor. One whose requests were left out says so with the next request that
// ends a second later, or at its own end.
//
// Threads: the conductor's.
// Cost: of a request without a line, two loads and two comparisons.
class AccessLog {
 public:
  AccessLog() = default;
  ~AccessLog() { TellOfOthers(); }
  AccessLog(const AccessLog&) = delete;
  AccessLog& operator=(const AccessLog&) = delete;

  // The answer of `record` has left at `done`, or its connection broke.
  void Note(const RequestRecord& record, SteadyTime done);

 private:
  struct Share {
    std::uint32_t written = 0;  // in this second
    std::uint64_t left_out = 0;
  };
  void BeginSecond(SteadyTime now);
  void TellOfOthers();

  SteadyTime second_;  // when it began
  Share misses_;
  Share samples_;
};

}  // namespace baton::app
