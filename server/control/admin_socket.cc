// Paths, and a connection that is closed at once.
#include "server/control/admin_socket.h"

#include <cerrno>
#include <sys/socket.h>
#include <sys/un.h>

#include "server/base/fd.h"

namespace baton::control {

std::vector<std::string> UsualAdminSockets(const std::string& runtime_folder) {
  std::vector<std::string> paths;
  if (!runtime_folder.empty()) paths.push_back(runtime_folder + "/baton/admin.sock");
  paths.emplace_back("/run/baton/admin.sock");
  return paths;
}

bool IsServed(const std::string& socket) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket.size() >= sizeof(address.sun_path)) return false;
  socket.copy(address.sun_path, socket.size());
  const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return false;
  // EAGAIN: somebody listens, and its queue is full.
  return ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 ||
         errno == EAGAIN;
}

}  // namespace baton::control
