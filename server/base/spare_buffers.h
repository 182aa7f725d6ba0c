// Strings that were used, for whoever needs one next.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace baton {

// Empties `buffer`, which keeps no more than `most_bytes` of capacity.
inline void EmptyBuffer(std::string& buffer, std::size_t most_bytes) {
  buffer.clear();
  if (buffer.capacity() > most_bytes) std::string().swap(buffer);  // an assignment would keep it
}

// Lets many owners share the capacity that few of them need at a time. What is kept is bounded, in
// number and in bytes of each.
//
// Threads: one at a time.
class SpareBuffers {
 public:
  static constexpr std::size_t kKept = 512;
  static constexpr std::size_t kKeptBytes = 16 * 1024;

  // Empty; with the capacity of one that was given back, if there is one.
  std::string Take() {
    if (spare_.empty()) return {};
    std::string buffer = std::move(spare_.back());
    spare_.pop_back();
    return buffer;
  }

  // Leaves `buffer` without any capacity.
  void GiveBack(std::string& buffer) {
    EmptyBuffer(buffer, kKeptBytes);
    const bool has_capacity = buffer.capacity() > std::string().capacity();
    if (has_capacity && spare_.size() < kKept) spare_.push_back(std::move(buffer));
    std::string().swap(buffer);
  }

  std::size_t size() const { return spare_.size(); }

 private:
  std::vector<std::string> spare_;
};

}  // namespace baton
