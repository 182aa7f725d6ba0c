// Asking and reading.
#include "server/access/guarded_file.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/base/fd.h"
#include "server/yaml/text_file.h"

namespace baton::access {
namespace {

FileStamp StampOf(const struct stat& status) {
  return {status.st_dev, status.st_ino, status.st_size,
          std::int64_t{status.st_ctim.tv_sec} * 1'000'000'000 + status.st_ctim.tv_nsec};
}

tl::unexpected<Error> Wrong(const std::string& path, const std::string& how) {
  return Fail(ErrorCode::kInvalidArgument, path + ": " + how);
}

tl::unexpected<Error> CannotRead(const std::string& path) {
  const int reason = errno;
  if (reason == ENOENT) return Fail(ErrorCode::kNotFound, path + ": is not there");
  return Wrong(path, std::string("cannot be read: ") + std::strerror(reason));
}

std::string ModeText(mode_t mode) {
  std::string text = "0";
  for (const int shift : {6, 3, 0}) text += static_cast<char>('0' + (mode >> shift & 7));
  return text;
}

Status CheckKind(const std::string& path, const struct stat& status) {
  if (!S_ISREG(status.st_mode)) return Wrong(path, "is no file");
  if ((status.st_mode & (S_IWGRP | S_IXGRP | S_IRWXO)) != 0) {
    return Wrong(path, "has the mode " + ModeText(status.st_mode) +
                           ", expected that nobody but its owner may write it, and nobody but "
                           "its group read it (chmod 600, or 640)");
  }
  if (status.st_size > static_cast<off_t>(yaml::kMaxFileBytes)) {
    return Wrong(path, "has " + std::to_string(status.st_size) + " bytes, expected at most 1MiB");
  }
  return {};
}

}  // namespace

FileStamp LookAtFile(const std::string& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0 ? StampOf(status) : FileStamp();
}

// All questions are asked of what was opened, not of its name, which may be another's by then.
Result<GuardedText> ReadGuardedFile(const std::string& path) {
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat before {};
  if (!fd.valid() || fstat(fd.get(), &before) != 0) return CannotRead(path);
  if (const Status kind = CheckKind(path, before); !kind) return tl::unexpected(kind.error());
  GuardedText contents{std::string(yaml::kMaxFileBytes + 1, '\0'), StampOf(before)};
  std::size_t size = 0;
  while (size < contents.text.size()) {
    const ssize_t n = read(fd.get(), contents.text.data() + size, contents.text.size() - size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return CannotRead(path);
    if (n == 0) break;
    size += static_cast<std::size_t>(n);
  }
  contents.text.resize(size);
  struct stat after {};
  if (fstat(fd.get(), &after) != 0) return CannotRead(path);
  if (StampOf(after) != contents.stamp || static_cast<off_t>(size) != after.st_size) {
    return Wrong(path, "was written to while it was read");
  }
  return contents;
}

}  // namespace baton::access
