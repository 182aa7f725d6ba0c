// Folders that are there, or may be made.
#include "server/app/admin_socket_place.h"

#include <filesystem>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include "server/base/log.h"
#include "server/control/admin_socket.h"

namespace baton::app {
namespace {

constexpr mode_t kFolderMode = 0755;  // the socket's own mode says who may connect

bool MayMakeFilesIn(const std::string& folder, const std::string& user) {
  if (::mkdir(folder.c_str(), kFolderMode) != 0) return ::access(folder.c_str(), W_OK | X_OK) == 0;
  const passwd* const owner = ::geteuid() == 0 ? ::getpwnam(user.c_str()) : nullptr;
  return owner == nullptr || ::chown(folder.c_str(), owner->pw_uid, owner->pw_gid) == 0;
}

}  // namespace

std::string PlaceOfAdminSocket(const ServerOptions& options, const std::string& runtime_folder) {
  if (options.admin_door.socket == "off") return {};
  if (options.admin_door.socket != "auto") return options.admin_door.socket;
  if (options.admin.off) return {};
  // Root's own is that of the machine.
  for (const std::string& path :
       control::UsualAdminSockets(::geteuid() == 0 ? "" : runtime_folder)) {
    const std::string folder = std::filesystem::path(path).parent_path().string();
    if (!MayMakeFilesIn(folder, options.user)) continue;
    if (!control::IsServed(path)) return path;
    Log(LogLevel::kInfo, "admin_socket_taken", {{"path", path}});
    return {};
  }
  return {};
}

}  // namespace baton::app
