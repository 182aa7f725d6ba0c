// Written beside the file, and moved over it, under a lock on its folder: the file itself is
// another one afterwards.
#include "server/access/add_entry.h"

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/file.h>
#include <sys/stat.h>
#include <system_error>
#include <thread>
#include <unistd.h>

#include "server/access/guarded_file.h"
#include "server/base/clock.h"
#include "server/base/fd.h"

namespace baton::access {
namespace {

constexpr Duration kLongestWait = 10s;
constexpr Duration kBetweenLooks = 5ms;

tl::unexpected<Error> CannotWrite(const std::string& path) {
  return Fail(ErrorCode::kInvalidArgument, path + ": cannot be written: " + std::strerror(errno));
}

// Held until it is closed, or the process has gone.
Result<UniqueFd> LockFolderOf(const std::filesystem::path& path) {
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
  UniqueFd fd(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) return CannotWrite(path);
  for (Duration waited{}; flock(fd.get(), LOCK_EX | LOCK_NB) != 0; waited += kBetweenLooks) {
    if (errno != EWOULDBLOCK && errno != EINTR) return CannotWrite(path);
    if (waited >= kLongestWait) {
      return Fail(ErrorCode::kUnavailable, path.string() + ": another process keeps the lock on " +
                                               folder.string() + ": try again when it has ended");
    }
    std::this_thread::sleep_for(kBetweenLooks);
  }
  return fd;
}

bool WriteAll(int fd, const std::string& text) {
  std::size_t written = 0;
  while (written < text.size()) {
    const ssize_t n = write(fd, text.data() + written, text.size() - written);
    if (n < 0 && errno != EINTR) return false;
    if (n > 0) written += static_cast<std::size_t>(n);
  }
  return fsync(fd) == 0;
}

// Of the same owner as the file that it is to replace, if there is one.
bool KeepOwner(int fd, const std::string& path) {
  struct stat before {};
  if (stat(path.c_str(), &before) != 0) return errno == ENOENT;
  struct stat made {};
  if (fstat(fd, &made) != 0) return false;
  const bool is_same = made.st_uid == before.st_uid && made.st_gid == before.st_gid;
  return is_same || fchown(fd, before.st_uid, before.st_gid) == 0;
}

Status Replace(const std::string& path, const std::string& text) {
  std::string beside = path + ".XXXXXX";
  const UniqueFd fd(mkstemp(beside.data()));  // its mode is 0600
  if (!fd.valid()) return CannotWrite(path);
  const bool is_replaced = WriteAll(fd.get(), text) && KeepOwner(fd.get(), path) &&
                           rename(beside.c_str(), path.c_str()) == 0;
  if (is_replaced) return {};
  const Status failed = CannotWrite(path);
  unlink(beside.c_str());
  return failed;
}

}  // namespace

Status AddEntry(const std::string& path, SecretKind kind, const SecretEntry& entry) {
  std::error_code error;
  const std::filesystem::path real = std::filesystem::weakly_canonical(path, error);
  const std::string target = error ? path : real.string();
  const Result<UniqueFd> lock = LockFolderOf(target);
  if (!lock) return tl::unexpected(lock.error());
  const Result<GuardedText> before = ReadGuardedFile(target);
  if (!before && before.error().code != ErrorCode::kNotFound) {
    return tl::unexpected(before.error());
  }
  std::string text = before ? before->text : "";
  if (!text.empty() && text.back() != '\n') text += '\n';
  text += ToYaml(entry);
  if (const auto parsed = Secrets::Parse(text, path, kind); !parsed) {
    return tl::unexpected(parsed.error());
  }
  return Replace(target, text);
}

}  // namespace baton::access
