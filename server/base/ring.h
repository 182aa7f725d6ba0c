// A first-in, first-out queue that holds next to nothing while it is empty.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>

#include "server/base/check.h"

namespace baton {

// For many queues with few entries each, where a std::deque of none takes half a kilobyte. What it
// grew beyond kKept places is given back when it runs empty.
//
// Threads: one at a time. Cost: an allocation whenever it grows, to twice as many places.
template <typename T>
class Ring {
 public:
  static constexpr std::size_t kKept = 2;

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
    if (--size_ == 0 && capacity_ > kKept) clear();
  }

  void clear() {
    places_.reset();
    capacity_ = first_ = size_ = 0;
  }

 private:
  std::size_t PlaceOf(std::size_t index) const { return (first_ + index) & (capacity_ - 1); }

  void Grow() {
    const std::size_t wanted = capacity_ == 0 ? 1 : 2 * capacity_;
    auto places = std::make_unique<T[]>(wanted);
    for (std::size_t i = 0; i < size_; ++i) places[i] = std::move((*this)[i]);
    places_ = std::move(places);
    capacity_ = wanted;
    first_ = 0;
  }

  std::unique_ptr<T[]> places_;
  std::size_t capacity_ = 0;  // a power of two, or none
  std::size_t first_ = 0;
  std::size_t size_ = 0;
};

}  // namespace baton
