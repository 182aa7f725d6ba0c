// What a listener counts whose connections a library reads and writes.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "server/metrics/registry.h"
#include "server/net/transport.h"

namespace baton::net {

// Also the `state` label of baton_connections for such a listener.
enum class ForeignState {
  kOpening,  // nothing has come yet, or it shakes hands
  kOpen,
};
inline constexpr std::size_t kForeignStates = 2;

// Also the `reason` label of baton_connections_closed_total for such a listener.
enum class ForeignEnd {
  kClient,
  kHeaderTimeout,  // nothing, or no handshake, came in time
  kLimit,
  kAddressLimit,
  kDrain,
  kError,  // the library ended it: what the client sent, or a client that was gone without a word
  kOperator,
};
inline constexpr std::size_t kForeignEnds = 7;

// Threads: any.
struct ForeignBooks {
  std::atomic<std::uint64_t> accepted{0};
  std::array<std::atomic<std::uint64_t>, kForeignEnds> closed{};
  std::array<std::atomic<std::int64_t>, kForeignStates> connections{};
  // By HandshakeOutcome; shared with handshakes that outlive their connection.
  const std::shared_ptr<std::array<std::atomic<std::uint64_t>, kHandshakeOutcomes>> handshakes =
      std::make_shared<std::array<std::atomic<std::uint64_t>, kHandshakeOutcomes>>();

  std::atomic<std::int64_t>& of(ForeignState state) {
    return connections[static_cast<std::size_t>(state)];
  }
  std::uint64_t open() const;
  void CountClosed(ForeignEnd why) { ++closed[static_cast<std::size_t>(why)]; }
};

// Exports them for `listener`; `books` outlives the registry's scrapes.
void AddForeignMetrics(metrics::Registry& registry, const std::string& listener, bool speaks_tls,
                       const ForeignBooks& books);

}  // namespace baton::net
