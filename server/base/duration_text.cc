// Reading and writing of what operators type.
#include "server/base/duration_text.h"

#include <arpa/inet.h>
#include <array>
#include <charconv>
#include <cmath>

namespace baton {
namespace {

struct Unit {
  std::string_view name;
  double nanoseconds;
};
constexpr std::array<Unit, 5> kUnits = {
    {{"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}}};
constexpr double kLongestNanoseconds = 24 * 3600e9;

bool IsNumericHost(const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> ignored{};
  return inet_pton(AF_INET, host.c_str(), ignored.data()) == 1 ||
         inet_pton(AF_INET6, host.c_str(), ignored.data()) == 1;
}

tl::unexpected<Error> BadDuration(std::string_view text) {
  return Fail(ErrorCode::kInvalidArgument,
              "'" + std::string(text) +
                  "' is no duration: expected a number and a unit out of us, ms, s, m, h "
                  "(such as 50ms), at most 24h");
}

tl::unexpected<Error> BadAddress(std::string_view text) {
  return Fail(ErrorCode::kInvalidArgument,
              "'" + std::string(text) +
                  "' is no listen address: expected ADDR:PORT with a numeric address and a port "
                  "from 0 to 65535 (such as 127.0.0.1:8080), or off");
}

}  // namespace

Result<Duration> ParseDuration(std::string_view text) {
  double value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc() || !std::isfinite(value) || std::signbit(value)) {
    return BadDuration(text);
  }
  const std::string_view name = text.substr(static_cast<std::size_t>(end - text.data()));
  for (const Unit& unit : kUnits) {
    if (unit.name != name) continue;
    const double nanoseconds = value * unit.nanoseconds;
    if (nanoseconds > kLongestNanoseconds) return BadDuration(text);
    return Duration(std::llround(nanoseconds));
  }
  return BadDuration(text);
}

std::string FormatDuration(Duration duration) {
  const auto nanoseconds = static_cast<double>(duration.count());
  const Unit* fitting = &kUnits[0];
  for (const Unit& unit : kUnits) {
    if (unit.name != "m" && unit.name != "h" && std::abs(nanoseconds) >= unit.nanoseconds) {
      fitting = &unit;
    }
  }
  std::array<char, 32> text{};
  const auto end =
      std::to_chars(text.data(), text.data() + text.size(), nanoseconds / fitting->nanoseconds).ptr;
  return std::string(text.data(), end) + std::string(fitting->name);
}

std::string ListenAddress::ToText() const {
  if (off) return "off";
  const bool is_v6 = host.find(':') != std::string::npos;
  return (is_v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

// Other spellings, such as 0:0:0:0:0:0:0:1, count as open to all: whoever writes them is asked for
// a lock too many, never for one too few.
bool ListenAddress::IsLoopback() const { return host.starts_with("127.") || host == "::1"; }

Result<ListenAddress> ParseListenAddress(std::string_view text) {
  ListenAddress address;
  if (text == "off") {
    address.off = true;
    return address;
  }
  const std::size_t colon = text.rfind(':');
  std::string_view port = text;
  if (colon == std::string_view::npos) {
    address.host = "127.0.0.1";
  } else {
    address.host = std::string(text.substr(0, colon));
    port = text.substr(colon + 1);
  }
  const bool has_brackets =
      address.host.size() >= 2 && address.host.front() == '[' && address.host.back() == ']';
  if (has_brackets) address.host = address.host.substr(1, address.host.size() - 2);
  // Without them nobody could tell the port of an IPv6 address from its last group.
  if (has_brackets != (address.host.find(':') != std::string::npos)) return BadAddress(text);
  if (address.host.empty() || address.host == "*") address.host = "0.0.0.0";
  if (address.host == "localhost") address.host = "127.0.0.1";
  const auto [end, failure] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (failure != std::errc() || end != port.data() + port.size() || !IsNumericHost(address.host)) {
    return BadAddress(text);
  }
  return address;
}

}  // namespace baton
