// The path of a Unix socket while a server takes it.
#pragma once

#include <string>
#include <sys/types.h>

#include "server/base/fd.h"
#include "server/base/result.h"

namespace baton::admin {

// While it lives, no other server of ours takes the path, and what the process makes is for its
// owner alone: from its first moment on nobody else can connect to a socket that is bound now.
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

  // A non-blocking socket that listens there; one that a server before has left is replaced.
  // Errors: kUnavailable with the kernel's reason.
  Result<UniqueFd> Listen(int backlog) const;
  // Removes the socket at `path`, where it may.
  static void Remove(const std::string& path);

 private:
  ListeningSocket(std::string path, UniqueFd folder);

  std::string path_;
  UniqueFd folder_;  // locked
  mode_t mask_ = 0;  // to be restored
};

}  // namespace baton::admin
