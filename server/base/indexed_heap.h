// A 4-ary min-heap whose entries can be taken out from the middle by handle, in O(log n).
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "server/base/check.h"

namespace baton {

// `Key` is ordered by operator<; equal keys leave in the order they came. `Value` is movable. A
// handle names an entry until that entry leaves, whichever way; afterwards it finds nothing, even
// when its slot is in use again.
//
// Cost: Insert, Take and Erase O(log n), no allocation beyond the high-water mark.
// Threads: one at a time.
template <typename Key, typename Value>
class IndexedHeap {
 public:
  struct Handle {
    std::uint32_t slot = 0;
    std::uint32_t generation = 0;  // 0 names nothing
  };

  bool empty() const { return heap_.empty(); }
  std::size_t size() const { return heap_.size(); }

  // Requires: not empty.
  const Key& MinKey() const { return heap_.front().key; }
  const Value& MinValue() const { return slots_[heap_.front().slot].value; }

  Handle Insert(Key key, Value value) {
    const std::uint32_t slot = NewSlot(std::move(value));
    heap_.push_back(Entry{std::move(key), ++arrivals_, slot});
    SiftUp(heap_.size() - 1);
    return Handle{slot, slots_[slot].generation};
  }

  // Takes the entry with the smallest key. Requires: not empty.
  Value TakeMin() {
    BATON_CHECK(!heap_.empty());
    return RemoveAt(0);
  }

  bool Contains(Handle handle) const {
    return handle.generation != 0 && handle.slot < slots_.size() &&
           slots_[handle.slot].generation == handle.generation;
  }

  // Requires: Contains(handle).
  const Value& At(Handle handle) const {
    BATON_CHECK(Contains(handle));
    return slots_[handle.slot].value;
  }

  // Requires: Contains(handle).
  Value Erase(Handle handle) {
    BATON_CHECK(Contains(handle));
    return RemoveAt(slots_[handle.slot].position);
  }

 private:
  static constexpr std::size_t kArity = 4;

  struct Entry {
    Key key;
    std::uint64_t arrival;
    std::uint32_t slot;

    bool operator<(const Entry& other) const {
      if (key < other.key) return true;
      if (other.key < key) return false;
      return arrival < other.arrival;
    }
  };
  struct Slot {
    Value value{};
    std::size_t position = 0;
    std::uint32_t generation = 1;
  };

  std::uint32_t NewSlot(Value value) {
    if (free_.empty()) {
      slots_.emplace_back();
      free_.push_back(static_cast<std::uint32_t>(slots_.size() - 1));
    }
    const std::uint32_t slot = free_.back();
    free_.pop_back();
    slots_[slot].value = std::move(value);
    return slot;
  }

  Value RemoveAt(std::size_t position) {
    const std::uint32_t slot = heap_[position].slot;
    Value value = std::move(slots_[slot].value);
    slots_[slot].value = Value{};
    if (++slots_[slot].generation == 0) slots_[slot].generation = 1;
    free_.push_back(slot);

    Entry last = std::move(heap_.back());
    heap_.pop_back();
    if (position < heap_.size()) {
      Place(position, std::move(last));
      SiftDown(position);
      SiftUp(position);
    }
    return value;
  }

  void Place(std::size_t position, Entry entry) {
    slots_[entry.slot].position = position;
    heap_[position] = std::move(entry);
  }

  void SiftUp(std::size_t position) {
    Entry entry = std::move(heap_[position]);
    while (position > 0) {
      const std::size_t parent = (position - 1) / kArity;
      if (!(entry < heap_[parent])) break;
      Place(position, std::move(heap_[parent]));
      position = parent;
    }
    Place(position, std::move(entry));
  }

  void SiftDown(std::size_t position) {
    Entry entry = std::move(heap_[position]);
    for (;;) {
      const std::size_t first = position * kArity + 1;
      if (first >= heap_.size()) break;
      std::size_t smallest = first;
      for (std::size_t i = first + 1; i < heap_.size() && i < first + kArity; ++i) {
        if (heap_[i] < heap_[smallest]) smallest = i;
      }
      if (!(heap_[smallest] < entry)) break;
      Place(position, std::move(heap_[smallest]));
      position = smallest;
    }
    Place(position, std::move(entry));
  }

  std::vector<Entry> heap_;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_;
  std::uint64_t arrivals_ = 0;
};

}  // namespace baton
