// A map of what is open; those that were closed go when it is full.
#include "server/http/open_files.h"

#include <algorithm>
#include <iterator>

namespace baton::http {

OpenFiles::OpenFiles(std::size_t capacity)
    : capacity_(capacity), of_each_client_(std::max<std::size_t>(1, capacity / 4)) {}

std::shared_ptr<const UniqueFd> OpenFiles::Share(UniqueFd fd, dev_t device, ino_t inode,
                                                 net::ClientAddress client) {
  const std::pair key(device, inode);
  if (const auto found = held_.find(key); found != held_.end()) {
    if (auto shared = found->second.file.lock()) return shared;
    Forget(found);
  }
  if (IsFullFor(client)) ForgetClosed();
  if (IsFullFor(client)) return nullptr;
  auto shared = std::make_shared<const UniqueFd>(std::move(fd));
  held_.emplace(key, Held{shared, client});
  ++by_client_[client];
  return shared;
}

bool OpenFiles::IsFullFor(net::ClientAddress client) const {
  const auto found = by_client_.find(client);
  return held_.size() >= capacity_ ||
         (found != by_client_.end() && found->second >= of_each_client_);
}

OpenFiles::HeldFiles::iterator OpenFiles::Forget(HeldFiles::iterator one) {
  const auto of_client = by_client_.find(one->second.client);
  if (--of_client->second == 0) by_client_.erase(of_client);
  return held_.erase(one);
}

void OpenFiles::ForgetClosed() {
  for (auto one = held_.begin(); one != held_.end();) {
    one = one->second.file.expired() ? Forget(one) : std::next(one);
  }
}

}  // namespace baton::http
