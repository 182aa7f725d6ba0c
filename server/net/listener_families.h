// The metrics that listeners of every kind have: their names and meanings, said alike wherever they
// are made.
#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "server/metrics/registry.h"

namespace baton::net {

struct MetricFamily {
  const char* name;
  const char* help;
};

inline constexpr MetricFamily kConnections = {
    "baton_connections",
    "Open connections by what they are doing. Those over gRPC are opening until they have said "
    "something and TLS has shaken hands, and then open; the other states are of http and pages."};
inline constexpr MetricFamily kConnectionsAccepted = {"baton_connections_accepted_total",
                                                      "Connections accepted."};
inline constexpr MetricFamily kConnectionsClosed = {
    "baton_connections_closed_total",
    "Connections closed, by why. Of the listeners over gRPC there are client, header_timeout (no "
    "first bytes, or no handshake, in time), limit, address_limit, drain, operator and error: gRPC "
    "ended it, and does not say why."};
inline constexpr MetricFamily kHandshakes = {
    "baton_tls_handshakes_total",
    "Of listeners that speak TLS: handshakes by how they ended. nothing_in_common: no version, "
    "cipher or protocol of both sides; client_certificate: none, or none that is trusted; "
    "refused_by_client: it sent an alert, most likely because it does not trust the server's "
    "certificate; abandoned: it left, or took too long."};

// The closed sets of their labels. No listener has them all.
inline constexpr std::array<std::string_view, 6> kAllConnectionStates = {
    "idle", "reading", "pending", "writing", "opening", "open"};
inline constexpr std::array<std::string_view, 13> kAllCloseReasons = {
    "client",       "idle_timeout",  "header_timeout", "body_timeout", "body_too_slow",
    "budget_spent", "write_timeout", "protocol_error", "limit",        "address_limit",
    "drain",        "error",         "operator"};

// Exports the values of the set that are not among `own` as 0: whoever asks for one by its name
// finds it at every listener.
template <typename Own>
void AddOtherStates(metrics::Registry& registry, const std::string& listener, const Own& own) {
  for (const std::string_view state : kAllConnectionStates) {
    if (std::ranges::find(own, state) != own.end()) continue;
    registry.AddGauge(kConnections.name, kConnections.help,
                      {{"listener", listener}, {"state", std::string(state)}}, [] { return 0.0; });
  }
}

template <typename Own>
void AddOtherReasons(metrics::Registry& registry, const std::string& listener, const Own& own) {
  for (const std::string_view reason : kAllCloseReasons) {
    if (std::ranges::find(own, reason) != own.end()) continue;
    registry.AddCounterFunction(kConnectionsClosed.name, kConnectionsClosed.help,
                                {{"listener", listener}, {"reason", std::string(reason)}},
                                [] { return 0.0; });
  }
}

}  // namespace baton::net
