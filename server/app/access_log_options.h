// Which requests get a line of the log.
#pragma once

#include <cstdint>

namespace baton::app {

struct AccessLogOptions {
  double sampling = 0;  // the share of the requests without a miss that get a line: 0 to 1
  // Of each conductor. What is beyond is counted, and told of in lines of their own.
  std::uint32_t misses_per_second = 20;
  std::uint32_t samples_per_second = 1000;
};

// For every conductor, from now on. Threads: any.
void SetAccessLog(const AccessLogOptions& options);

}  // namespace baton::app
