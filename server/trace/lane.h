// A bounded way from one thread to another, without a lock or an allocation.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <vector>

#include "server/base/check.h"

namespace baton::trace {

// Its places are there from the start and keep what their values have allocated.
//
// Threads: TryPut is one thread's, TryTake another one's.
template <typename T>
class Lane {
 public:
  // Requires: `places` is a power of two.
  explicit Lane(std::size_t places) : places_(places) { BATON_CHECK(std::has_single_bit(places)); }
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  // Has `fill` fill in the next place, which holds whatever was in it. False: there is no room, or
  // `keep_free` places would not be left.
  template <typename Fill>
  bool TryPut(const Fill& fill, std::size_t keep_free = 0) {
    const std::size_t put = put_.load(std::memory_order_relaxed);  // its own
    const std::size_t used = put - taken_.load(std::memory_order_acquire);
    if (used + keep_free >= places_.size()) return false;
    fill(places_[put & (places_.size() - 1)]);
    put_.store(put + 1, std::memory_order_release);  // with what was filled in
    return true;
  }

  // Has `take` look at the oldest one. False: there is none.
  template <typename Take>
  bool TryTake(const Take& take) {
    const std::size_t taken = taken_.load(std::memory_order_relaxed);  // its own
    if (put_.load(std::memory_order_acquire) == taken) return false;
    take(places_[taken & (places_.size() - 1)]);
    taken_.store(taken + 1, std::memory_order_release);  // the place may be filled in again
    return true;
  }

  std::size_t places() const { return places_.size(); }

 private:
  std::vector<T> places_;
  alignas(64) std::atomic<std::size_t> put_{0};
  alignas(64) std::atomic<std::size_t> taken_{0};
};

}  // namespace baton::trace
