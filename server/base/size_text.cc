// Reading and writing of sizes.
#include "server/base/size_text.h"

#include <array>
#include <charconv>

namespace baton {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t bytes;
};
// The largest first.
constexpr std::array<Unit, 4> kUnits = {{{"GiB", std::uint64_t{1} << 30},
                                         {"MiB", std::uint64_t{1} << 20},
                                         {"KiB", std::uint64_t{1} << 10},
                                         {"B", 1}}};
constexpr std::uint64_t kLargest = std::uint64_t{1} << 40;

tl::unexpected<Error> BadSize(std::string_view text) {
  return Fail(ErrorCode::kInvalidArgument,
              "'" + std::string(text) +
                  "' is no size: expected a whole number and a unit out of B, KiB, MiB, GiB "
                  "(such as 8MiB), at most 1024GiB");
}

}  // namespace

Result<std::uint64_t> ParseSize(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc()) return BadSize(text);
  const std::string_view name = text.substr(static_cast<std::size_t>(end - text.data()));
  for (const Unit& unit : kUnits) {
    if (unit.name != (name.empty() ? "B" : name)) continue;
    if (number > kLargest / unit.bytes) return BadSize(text);
    return number * unit.bytes;
  }
  return BadSize(text);
}

std::string FormatSize(std::uint64_t bytes) {
  const Unit* fitting = &kUnits.back();
  for (const Unit& unit : kUnits) {
    if (bytes == 0 || bytes % unit.bytes != 0) continue;
    fitting = &unit;
    break;
  }
  return std::to_string(bytes / fitting->bytes) + std::string(fitting->name);
}

}  // namespace baton
