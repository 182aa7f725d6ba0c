// The path of a Unix socket while a server takes it.
#pragma once

#include <string>
#include <sys/types.h>

#include "server/base/fd.h"
#include "server/base/result.h"

namespace baton::admin {

// While it lives, no other server of ours takes the path, and what the process makes is for its
// owner alone: from its first moment on nobody else can connect to a socket that is bound now. gRPC
// replaces a socket file that is there, and removes its own at the end.
//
// Threads: one; the mask for new files is the process's.
class ListeningSocket {
 public:
  // Errors: kInvalidArgument for a path of more than 107 bytes, kUnavailable when a server listens
  // there, kFailedPrecondition when its folder is not there.
  static Result<ListeningSocket> Claim(const std::string& path);
  ~ListeningSocket();
  ListeningSocket(ListeningSocket&& other) noexcept;
  ListeningSocket& operator=(ListeningSocket&&) = delete;
  ListeningSocket(const ListeningSocket&) = delete;
  ListeningSocket& operator=(const ListeningSocket&) = delete;

  // Where gRPC could not bind it: the kernel's reason.
  Error WhyNotListening() const;

 private:
  ListeningSocket(std::string path, UniqueFd folder);

  std::string path_;
  UniqueFd folder_;  // locked
  mode_t mask_ = 0;  // to be restored
};

}  // namespace baton::admin
