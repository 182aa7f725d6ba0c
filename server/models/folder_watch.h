// Tells that something under a model folder may have changed.
#pragma once

#include <filesystem>
#include <set>

#include "server/base/fd.h"
#include "server/models/repository.h"

namespace baton::models {

// Watches the folder, its models and their versions by inotify. Where that fails (no descriptors or
// watches left, a file system that reports nothing), it is for whoever scans to do so every few
// seconds all the same: this is only the faster way.
//
// Threads: one.
class FolderWatch {
 public:
  explicit FolderWatch(std::filesystem::path directory);

  // Readable when something has changed; -1 when nothing can be watched.
  int fd() const { return inotify_.get(); }

  // Takes what has come. True when something has changed since the last call, and always when not
  // every folder could be watched: maybe it has.
  bool Drain();

  // Watches the folders of a scan and no others; to be called after each. What changed between the
  // scan and this call is seen by the next scan only.
  void Arm(const RepositoryScan& scan);

 private:
  void Watch(const std::filesystem::path& folder, std::set<int>& watches);

  const std::filesystem::path directory_;
  UniqueFd inotify_;
  std::set<int> watches_;  // one for a folder, however many links lead to it
  bool sees_all_ = false;
};

}  // namespace baton::models
