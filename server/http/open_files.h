// Descriptors of the files that are being sent, one a file, however many clients read it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <sys/types.h>
#include <unordered_map>
#include <utility>

#include "server/base/fd.h"
#include "server/net/client_places.h"

namespace baton::http {

// Threads: one at a time; what it returns may be let go of by any.
class OpenFiles {
 public:
  // `capacity` in all, a quarter of them, and one at least, by any one client.
  explicit OpenFiles(std::size_t capacity);

  // `fd`, or the descriptor of the same file (the same inode) that somebody still holds. It is
  // closed when the last of them lets go. Null when `capacity` other files are held, or as many
  // that `client` came first for as it may: `fd` is closed.
  std::shared_ptr<const UniqueFd> Share(UniqueFd fd, dev_t device, ino_t inode,
                                        net::ClientAddress client);

 private:
  struct Held {
    std::weak_ptr<const UniqueFd> file;
    net::ClientAddress client;  // the first one
  };

  // A number is not given to another file while somebody holds it open.
  using HeldFiles = std::map<std::pair<dev_t, ino_t>, Held>;

  bool IsFullFor(net::ClientAddress client) const;
  HeldFiles::iterator Forget(HeldFiles::iterator one);
  void ForgetClosed();

  const std::size_t capacity_;
  const std::size_t of_each_client_;
  HeldFiles held_;
  std::unordered_map<net::ClientAddress, std::size_t> by_client_;  // of held_
};

}  // namespace baton::http
