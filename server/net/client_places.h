// How many connections each client address may have open at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <sys/socket.h>
#include <unordered_map>

#include "server/base/mutex.h"

namespace baton::net {

// The client at the other end of a connected socket: its IPv4 address, or the /64 network of its
// IPv6 address, which is what one client is given.
enum class ClientAddress : std::uint64_t {};
// 0 for what is neither. Requires: `address` has the size of its family.
ClientAddress ToClientAddress(const sockaddr& address);
// The same of who is connected to a socket. One system call.
ClientAddress ReadClientAddress(int fd);

class ClientPlaces;

// One connection's place among those of its address; given back when this goes. Threads: one at a
// time. Owns: the place; the ClientPlaces outlives it.
class ClientPlace {
 public:
  ClientPlace() = default;  // of a connection that nobody counts
  ClientPlace(ClientPlace&& other) noexcept;
  ClientPlace& operator=(ClientPlace&& other) noexcept;
  ~ClientPlace();

 private:
  friend class ClientPlaces;
  ClientPlace(ClientPlaces& places, ClientAddress address) : places_(&places), address_(address) {}
  void GiveBack();

  ClientPlaces* places_ = nullptr;
  ClientAddress address_{};
};

// Threads: any. Cost: a lock for each connection that opens or closes.
// Invariant: an address has an entry as long as it has a place.
class ClientPlaces {
 public:
  // `limit`: for each address, at least 1.
  explicit ClientPlaces(std::size_t limit) : limit_(limit) {}

  // Empty when `address` has as many as it may have.
  std::optional<ClientPlace> Take(ClientAddress address) BATON_EXCLUDES(mutex_);
  // That have a place at all.
  std::size_t addresses() const BATON_EXCLUDES(mutex_);

 private:
  friend class ClientPlace;
  void GiveBack(ClientAddress address) BATON_EXCLUDES(mutex_);

  const std::size_t limit_;
  mutable Mutex mutex_;
  std::unordered_map<ClientAddress, std::size_t> taken_ BATON_GUARDED_BY(mutex_);
};

}  // namespace baton::net
