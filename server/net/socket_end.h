// Who has ended a connection.
#pragma once

namespace baton::net {

// Whether this end of a connected TCP socket was shut down before the other one, as far as the
// kernel still knows. One system call. Of what is no TCP socket: false.
bool HasEndedFirst(int fd);

}  // namespace baton::net
