// setuid and its companions.
#include "server/lifecycle/privileges.h"

#include <cerrno>
#include <cstring>
#include <grp.h>
#include <pwd.h>
#include <unistd.h>

namespace baton::lifecycle {
namespace {

Status NoSuchUser(const std::string& name) {
  return Fail(ErrorCode::kInternal,
              "started as root, and there is no user '" + name + "' to become");
}

}  // namespace

Status CheckUser(const std::string& name) {
  if (geteuid() != 0 || getpwnam(name.c_str()) != nullptr) return {};
  return NoSuchUser(name);
}

Status DropPrivileges(const std::string& name) {
  if (geteuid() != 0) return {};
  const passwd* const user = getpwnam(name.c_str());
  if (user == nullptr) return NoSuchUser(name);
  // glibc applies each of these to every thread of the process (setxid(7) in nptl).
  if (setgroups(0, nullptr) != 0 || setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0) {
    return Fail(ErrorCode::kInternal, "cannot become user '" + name + "': " + std::strerror(errno));
  }
  return {};
}

}  // namespace baton::lifecycle
