// Watches by inotify(7).
#include "server/models/folder_watch.h"

#include <array>
#include <cstdint>
#include <sys/inotify.h>
#include <unistd.h>
#include <utility>

namespace baton::models {
namespace {

constexpr std::uint32_t kEvents = IN_CREATE | IN_CLOSE_WRITE | IN_MODIFY | IN_DELETE |
                                  IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB | IN_DELETE_SELF |
                                  IN_MOVE_SELF | IN_ONLYDIR;

}  // namespace

FolderWatch::FolderWatch(std::filesystem::path directory)
    : directory_(std::move(directory)), inotify_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
  Arm({});
}

bool FolderWatch::Drain() {
  std::array<char, 16384> events{};
  bool has_changed = false;
  while (inotify_.valid() && ::read(inotify_.get(), events.data(), events.size()) > 0) {
    has_changed = true;
  }
  return has_changed || !sees_all_;
}

void FolderWatch::Arm(const RepositoryScan& scan) {
  sees_all_ = inotify_.valid();
  if (!sees_all_) return;
  std::set<int> watches;
  Watch(directory_, watches);
  for (const ScannedModel& model : scan.models) {
    Watch(model.folder, watches);
    for (const ScannedVersion& version : model.versions) Watch(version.folder, watches);
  }
  for (const int watch : watches_) {
    if (!watches.contains(watch)) ::inotify_rm_watch(inotify_.get(), watch);
  }
  watches_ = std::move(watches);
}

void FolderWatch::Watch(const std::filesystem::path& folder, std::set<int>& watches) {
  const int watch = ::inotify_add_watch(inotify_.get(), folder.c_str(), kEvents);
  if (watch < 0) {
    sees_all_ = false;
  } else {
    watches.insert(watch);
  }
}

}  // namespace baton::models
