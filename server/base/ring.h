// A first-in, first-out queue that holds next to nothing while it is empty.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "server/base/address_sanitizer.h"
#include "server/base/check.h"

namespace baton {

// For many queues with few entries each, where a std::deque of none takes half a kilobyte. What it
// grew beyond kKept places it gives back when it runs empty, to the next ring of its type that
// grows on that thread, so that the few that are busy at a time allocate nothing. Under the address
// sanitizer nothing is kept so, and a use of what is gone is seen.
//
// Threads: one at a time; its last use on one is before the thread-local objects are destroyed.
template <typename T>
class Ring {
 public:
  static constexpr std::size_t kKept = 1;
  // Of a thread, in each size.
  static constexpr std::size_t kSpareBytes = kHasAddressSanitizer ? 0 : 256 * 1024;

  Ring() = default;
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;

  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  std::size_t capacity() const { return capacity_; }

  // Requires: not empty, index < size().
  T& front() { return (*this)[0]; }
  const T& front() const { return (*this)[0]; }
  T& operator[](std::size_t index) { return places_[PlaceOf(index)]; }
  const T& operator[](std::size_t index) const { return places_[PlaceOf(index)]; }

  T& push_back(T value) {
    if (size_ == capacity_) Grow();
    T& place = places_[PlaceOf(size_++)];
    place = std::move(value);
    return place;
  }

  // Requires: not empty.
  void pop_front() {
    BATON_DCHECK(size_ > 0);
    places_[first_] = T();
    first_ = PlaceOf(1);
    if (--size_ == 0 && capacity_ > kKept) GiveBackPlaces();
  }

  void clear() {
    while (!empty()) pop_front();
  }

  // Arrays of `capacity` places that this thread keeps for rings that grow.
  static std::size_t spare(std::size_t capacity) { return Spare(capacity).size(); }

 private:
  using Places = std::unique_ptr<T[]>;
  static constexpr std::size_t kGrowth = 4;

  std::size_t PlaceOf(std::size_t index) const { return (first_ + index) & (capacity_ - 1); }

  void Grow() {
    const std::size_t wanted = capacity_ == 0 ? kKept : kGrowth * capacity_;
    Places places = Take(wanted);
    for (std::size_t i = 0; i < size_; ++i) places[i] = std::move((*this)[i]);
    GiveBackPlaces();
    places_ = std::move(places);
    capacity_ = wanted;
  }

  void GiveBackPlaces() {
    std::vector<Places>& spare = Spare(capacity_);
    const bool has_room = (spare.size() + 1) * capacity_ * sizeof(T) <= kSpareBytes;
    if (has_room && capacity_ > 0) spare.push_back(std::move(places_));
    places_.reset();
    capacity_ = first_ = 0;
  }

  static Places Take(std::size_t capacity) {
    std::vector<Places>& spare = Spare(capacity);
    if (spare.empty()) return std::make_unique<T[]>(capacity);
    Places places = std::move(spare.back());
    spare.pop_back();
    return places;
  }

  static std::vector<Places>& Spare(std::size_t capacity) {
    thread_local std::array<std::vector<Places>, 64> spare;  // by the logarithm of their capacity
    return spare[static_cast<std::size_t>(std::bit_width(capacity))];
  }

  Places places_;
  std::size_t capacity_ = 0;  // a power of two, or none
  std::size_t first_ = 0;
  std::size_t size_ = 0;
};

}  // namespace baton
