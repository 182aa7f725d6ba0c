// Sockets made, bound and asked about.
#pragma once

#include <cstdint>
#include <string>

#include "server/base/duration_text.h"
#include "server/base/fd.h"
#include "server/base/result.h"

namespace baton::net {

// A non-blocking listening TCP socket on `address` (port 0: any free one). The kernel cuts
// `backlog` to net.core.somaxconn. What is accepted from it sends small writes at once, and takes
// little more from us than the peer does. Errors: kAlreadyExists for an address in use,
// kInvalidArgument for one that is not this machine's, else kInternal; the message holds the
// address and the system's reason.
Result<UniqueFd> Listen(const ListenAddress& address, int backlog);

// The port that a bound socket has.
std::uint16_t LocalPort(int fd);

// What the kernel says of a listening socket. The queue holds limit + 1 connections.
struct BacklogFigures {
  std::uint32_t depth = 0;  // completed connections that wait to be accepted
  std::uint32_t limit = 0;
  std::uint64_t drops = 0;  // connections turned away since the socket was made
};
BacklogFigures ReadBacklog(int listening_fd);

// What the kernel knows of the other end of a connected TCP socket.
enum class PeerState {
  kThere,
  kEndedInput,  // sends no more. It may still read: one that is gone looks the same until it is
                // written to
  kGone,        // reset
};
// One system call. Of what is no TCP socket: kThere.
PeerState ReadPeerState(int fd);

// "127.0.0.1:51344" of the other end; "unix" of one without an address.
std::string PeerText(int fd);

// Raises the limit of open descriptors to the hard one and returns it.
std::uint64_t RaiseDescriptorLimit();

}  // namespace baton::net
