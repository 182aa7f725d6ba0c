// An allocator of single objects that uses again what has been given back.
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <vector>

#include "server/base/address_sanitizer.h"

namespace baton {

// For objects that come and go with every request. What a thread gives back it keeps for the next
// object of that type, up to kKept of them; beyond that, and for arrays, it is std::allocator.
// Under the address sanitizer it keeps nothing, so that a use of what is gone is seen.
//
// Threads: any; an object may be given back on another thread than it was made on, and makes room
// there. A thread's last use is before its thread-local objects are destroyed.
template <typename T>
class RecyclingAllocator {
 public:
  using value_type = T;
  static constexpr std::size_t kKept = kHasAddressSanitizer ? 0 : 2048;

  RecyclingAllocator() = default;
  template <typename U>
  RecyclingAllocator(const RecyclingAllocator<U>& /*other*/) noexcept {}  // NOLINT: a conversion

  T* allocate(std::size_t count) {
    std::vector<T*>& kept = Kept();
    if (count != 1 || kept.empty()) return std::allocator<T>().allocate(count);
    T* const place = kept.back();
    kept.pop_back();
    return place;
  }

  void deallocate(T* place, std::size_t count) noexcept {
    std::vector<T*>& kept = Kept();
    if (count != 1 || kept.size() == kKept) return std::allocator<T>().deallocate(place, count);
    kept.push_back(place);  // does not throw: there is room
  }

  static std::size_t kept() { return Kept().size(); }  // of this thread

  friend bool operator==(const RecyclingAllocator&, const RecyclingAllocator&) { return true; }

 private:
  struct List {
    List() { places.reserve(kKept); }
    ~List() {
      for (T* const place : places) std::allocator<T>().deallocate(place, 1);
    }
    std::vector<T*> places;
  };
  static std::vector<T*>& Kept() {
    thread_local List list;
    return list.places;
  }
};

}  // namespace baton
