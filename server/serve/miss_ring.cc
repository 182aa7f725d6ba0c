// The ring, read backwards.
#include "server/serve/miss_ring.h"

#include <algorithm>

#include "server/base/check.h"

namespace baton::serve {

MissRing::MissRing(std::size_t capacity) : capacity_(capacity), ring_(capacity) {
  BATON_CHECK(capacity > 0);
}

void MissRing::Add(const Miss& miss) {
  MutexLock lock(mutex_);
  ring_[added_ % capacity_] = miss;
  ++added_;
}

std::vector<Miss> MissRing::Latest(std::size_t limit, const Endpoint* endpoint) const {
  std::vector<Miss> latest;
  latest.reserve(std::min(limit, capacity_));
  MutexLock lock(mutex_);
  const std::uint64_t kept = std::min<std::uint64_t>(added_, capacity_);
  for (std::uint64_t i = 1; i <= kept && latest.size() < limit; ++i) {
    const Miss& miss = ring_[(added_ - i) % capacity_];
    if (endpoint == nullptr || miss.endpoint == endpoint) latest.push_back(miss);
  }
  return latest;
}

std::uint64_t MissRing::added() const {
  MutexLock lock(mutex_);
  return added_;
}

}  // namespace baton::serve
