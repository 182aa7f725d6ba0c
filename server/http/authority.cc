// Host and port, checked by hand: this is on the way of every request.
#include "server/http/authority.h"

#include <arpa/inet.h>
#include <array>
#include <charconv>
#include <cstdint>

#include "server/http/characters.h"

namespace baton::http {
namespace {

bool IsPort(std::string_view text) {
  if (text.empty()) return true;
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size();
}

bool IsIpv6(std::string_view text) {
  std::array<char, INET6_ADDRSTRLEN> terminated{};
  if (text.size() >= terminated.size()) return false;
  text.copy(terminated.data(), text.size());
  in6_addr address{};
  return text.find('\0') == std::string_view::npos &&
         inet_pton(AF_INET6, terminated.data(), &address) == 1;
}

bool IsRegisteredName(std::string_view text) {
  if (!IsAll(kHostChar, text)) return false;
  for (std::size_t at = text.find('%'); at != std::string_view::npos; at = text.find('%', at + 1)) {
    if (at + 2 >= text.size() || HexValue(text[at + 1]) < 0 || HexValue(text[at + 2]) < 0) {
      return false;
    }
  }
  return true;
}

}  // namespace

bool IsAuthority(std::string_view text) {
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos || !IsIpv6(text.substr(1, close - 1))) return false;
    const std::string_view rest = text.substr(close + 1);
    return rest.empty() || (rest.front() == ':' && IsPort(rest.substr(1)));
  }
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return IsRegisteredName(text);
  return IsRegisteredName(text.substr(0, colon)) && IsPort(text.substr(colon + 1));
}

}  // namespace baton::http
