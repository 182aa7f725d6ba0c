// A conductor's number, or the name of a listener that has none.
#include "server/control/connection_key.h"

#include <charconv>

namespace baton::control {
namespace {

constexpr std::string_view kGrpc = "grpc";
constexpr std::string_view kAdmin = "admin";

template <typename Number>
bool Read(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

std::string PlaceOf(const ConnectionKey& key) {
  if (key.conductor == kGrpcConnections) return std::string(kGrpc);
  if (key.conductor == kAdminConnections) return std::string(kAdmin);
  return std::to_string(key.conductor);
}

}  // namespace

std::string ToText(const ConnectionKey& key) {
  return PlaceOf(key) + "-" + std::to_string(key.number);
}

std::optional<ConnectionKey> ParseConnectionKey(std::string_view text) {
  const std::size_t dash = text.find('-', 1);
  if (dash == std::string_view::npos) return std::nullopt;
  const std::string_view place = text.substr(0, dash);
  ConnectionKey key;
  if (!Read(text.substr(dash + 1), key.number)) return std::nullopt;
  if (place == kGrpc) {
    key.conductor = kGrpcConnections;
  } else if (place == kAdmin) {
    key.conductor = kAdminConnections;
  } else if (!Read(place, key.conductor) || key.conductor < 0 ||
             key.conductor >= kGrpcConnections) {
    return std::nullopt;
  }
  return key;
}

}  // namespace baton::control
