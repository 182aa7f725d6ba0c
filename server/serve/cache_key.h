// What makes two requests equal: the key of the response cache.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

namespace baton::serve {

// A SHA-256: whoever sends requests cannot make two that meet.
struct CacheKey {
  std::array<unsigned char, 32> sum{};

  friend bool operator==(const CacheKey& a, const CacheKey& b) { return a.sum == b.sum; }
};

struct CacheKeyHash {
  std::size_t operator()(const CacheKey& key) const {
    std::size_t hash = 0;
    std::memcpy(&hash, key.sum.data(), sizeof(hash));
    return hash;
  }
};

struct CacheKeyParts {
  std::uint32_t format = 0;   // of the body and the answer
  std::uint64_t version = 0;  // never reused
  std::string_view body;
  std::optional<std::size_t> json_bytes = {};  // of it, see Call
  // The part of `body` that is about this one request, such as its id: it is left out.
  // Requires: own_begin + own_size <= body.size().
  std::size_t own_begin = 0;
  std::size_t own_size = 0;
};

// Cost: about a microsecond for a kilobyte.
CacheKey KeyOf(const CacheKeyParts& parts);

}  // namespace baton::serve
