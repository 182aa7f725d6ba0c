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

// Not taken on trust: what is left over would be root's.
Status CheckThereIsNoWayBack(const passwd& user) {
  uid_t real = 0, effective = 0, saved = 0;
  gid_t real_group = 0, effective_group = 0, saved_group = 0;
  getresuid(&real, &effective, &saved);
  getresgid(&real_group, &effective_group, &saved_group);
  const bool is_user = real == user.pw_uid && effective == user.pw_uid && saved == user.pw_uid;
  const bool is_group = real_group == user.pw_gid && effective_group == user.pw_gid &&
                        saved_group == user.pw_gid && getgroups(0, nullptr) == 0;
  const bool may_return = user.pw_uid != 0 && (setuid(0) == 0 || seteuid(0) == 0);
  if (is_user && is_group && !may_return) return {};
  return Fail(ErrorCode::kInternal,
              "became user '" + std::string(user.pw_name) + "', and something of root is left");
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
    return Fail(ErrorCode::kInternal, "started as root, cannot become user '" + name + "': " +
                                          std::strerror(errno) + "; --user root stays root");
  }
  return CheckThereIsNoWayBack(*user);
}

}  // namespace baton::lifecycle
