// openat2 (Linux 5.6), which glibc does not wrap.
#include "server/http/open_beneath.h"

#include <cerrno>
#include <cstdint>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace baton::http {
namespace {

// A rename beside a `..` makes the kernel unsure, and say EAGAIN.
constexpr int kAttempts = 8;

int Open(int root, const char* path, int flags, UniqueFd& fd, struct stat& facts) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  long opened = -1;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    opened = syscall(SYS_openat2, root, path, &how, sizeof(how));
    if (opened >= 0 || (errno != EAGAIN && errno != EINTR)) break;
  }
  if (opened < 0) return errno;
  fd.Reset(static_cast<int>(opened));
  if (fstat(fd.get(), &facts) != 0) return errno;
  return S_ISREG(facts.st_mode) ? 0 : ENOENT;
}

}  // namespace

UniqueFd OpenRoot(const char* path) {
  return UniqueFd(open(path, O_PATH | O_DIRECTORY | O_CLOEXEC));
}

int OpenBeneath(const UniqueFd& root, const std::string& path, UniqueFd& fd, struct stat& facts) {
  UniqueFd place;
  if (const int error = Open(root.get(), path.c_str(), O_PATH, place, facts); error != 0) {
    return error;
  }
  // Looked at again: it may have become something else, whose opening must not wait for anybody.
  return Open(root.get(), path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY, fd, facts);
}

}  // namespace baton::http
