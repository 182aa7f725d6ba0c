// Descriptors of the files that are being sent, one a file, however many clients read it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <sys/types.h>
#include <utility>

#include "server/base/fd.h"

namespace baton::http {

// Threads: one at a time; what it returns may be let go of by any.
class OpenFiles {
 public:
  explicit OpenFiles(std::size_t capacity) : capacity_(capacity) {}

  // `fd`, or the descriptor of the same file (the same inode) that somebody still holds. It is
  // closed when the last of them lets go. Null when `capacity` other files are held: `fd` is
  // closed.
  std::shared_ptr<const UniqueFd> Share(UniqueFd fd, dev_t device, ino_t inode);

 private:
  void ForgetClosed();

  const std::size_t capacity_;
  // A number is not given to another file while somebody holds it open.
  std::map<std::pair<dev_t, ino_t>, std::weak_ptr<const UniqueFd>> held_;
};

}  // namespace baton::http
