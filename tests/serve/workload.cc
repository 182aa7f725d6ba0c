// Service times, drawn.
#include "tests/serve/workload.h"

#include <cmath>

namespace baton::serve {

ServiceTime Fixed(Duration time) {
  return [time](Random&) { return time; };
}

ServiceTime Lognormal(Duration mean, double sigma) {
  const double mu = std::log(static_cast<double>(mean.count())) - sigma * sigma / 2;
  return [mu, sigma](Random& random) {
    return Duration(std::llround(std::lognormal_distribution<double>(mu, sigma)(random)));
  };
}

ServiceTime SometimesSlow(Duration time, double share, double times) {
  return [time, share, times](Random& random) {
    const bool is_slow = std::uniform_real_distribution<double>()(random) < share;
    return is_slow ? Scale(time, times) : time;
  };
}

}  // namespace baton::serve
