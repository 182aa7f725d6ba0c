// Names and labels of what such a listener counts.
#include "server/net/foreign_books.h"

#include "server/net/listener_families.h"

namespace baton::net {
namespace {

constexpr std::array<std::string_view, kForeignStates> kStateNames = {"opening", "open"};
constexpr std::array<std::string_view, kForeignEnds> kEndNames = {
    "client", "header_timeout", "limit", "address_limit", "drain", "error", "operator"};
// As those of other listeners (TlsMetrics).
constexpr std::array<const char*, kHandshakeOutcomes> kOutcomeNames = {"full",
                                                                       "resumed",
                                                                       "plain_http",
                                                                       "nothing_in_common",
                                                                       "client_certificate",
                                                                       "refused_by_client",
                                                                       "broken",
                                                                       "abandoned"};

}  // namespace

std::uint64_t ForeignBooks::open() const {
  std::int64_t sum = 0;
  for (const auto& count : connections) sum += count;
  return sum > 0 ? static_cast<std::uint64_t>(sum) : 0;
}

void AddForeignMetrics(metrics::Registry& registry, const std::string& listener, bool speaks_tls,
                       const ForeignBooks& books) {
  for (std::size_t i = 0; i < kForeignStates; ++i) {
    registry.AddGauge(kConnections.name, kConnections.help,
                      {{"listener", listener}, {"state", std::string(kStateNames[i])}},
                      [&books, i] { return static_cast<double>(books.connections[i].load()); });
  }
  registry.AddCounterFunction(kConnectionsAccepted.name, kConnectionsAccepted.help,
                              {{"listener", listener}},
                              [&books] { return static_cast<double>(books.accepted.load()); });
  for (std::size_t i = 0; i < kForeignEnds; ++i) {
    registry.AddCounterFunction(
        kConnectionsClosed.name, kConnectionsClosed.help,
        {{"listener", listener}, {"reason", std::string(kEndNames[i])}},
        [&books, i] { return static_cast<double>(books.closed[i].load()); });
  }
  AddOtherStates(registry, listener, kStateNames);
  AddOtherReasons(registry, listener, kEndNames);
  for (std::size_t i = 0; speaks_tls && i < kHandshakeOutcomes; ++i) {
    registry.AddCounterFunction(
        kHandshakes.name, kHandshakes.help, {{"listener", listener}, {"outcome", kOutcomeNames[i]}},
        [counts = books.handshakes, i] { return static_cast<double>((*counts)[i].load()); });
  }
}

}  // namespace baton::net
