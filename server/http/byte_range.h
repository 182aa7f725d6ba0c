// Which part of a representation a Range header asks for (RFC 9110, 14).
#pragma once

#include <cstdint>
#include <string_view>

namespace baton::http {

struct ByteRange {
  enum class Kind {
    kWhole,          // no range, or one that is not followed: 200
    kPart,           // 206
    kUnsatisfiable,  // begins behind the end: 416
  };
  Kind kind = Kind::kWhole;
  std::uint64_t first = 0;
  std::uint64_t size = 0;  // kWhole: all of it
};

// `header` is the value of Range, of which there was one line; `size` is that of the
// representation. Followed is one range of bytes: "0-99", "100-", or the last ones, "-100". Several
// at once are answered with the whole, as 14.2 allows: that costs one look, however many they are.
// So are ranges in other units and those that are malformed.
ByteRange ChooseRange(std::string_view header, std::uint64_t size);

}  // namespace baton::http
