// A map of what is open; those that were closed go when it is full.
#include "server/http/open_files.h"

namespace baton::http {

std::shared_ptr<const UniqueFd> OpenFiles::Share(UniqueFd fd, dev_t device, ino_t inode) {
  const std::pair key(device, inode);
  if (const auto found = held_.find(key); found != held_.end()) {
    if (auto shared = found->second.lock()) return shared;
    held_.erase(found);
  }
  if (held_.size() >= capacity_) ForgetClosed();
  if (held_.size() >= capacity_) return nullptr;
  auto shared = std::make_shared<const UniqueFd>(std::move(fd));
  held_.emplace(key, shared);
  return shared;
}

void OpenFiles::ForgetClosed() {
  std::erase_if(held_, [](const auto& entry) { return entry.second.expired(); });
}

}  // namespace baton::http
