// Looking at a file, and taking it over.
#include "server/access/secret_file.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "server/base/fd.h"
#include "server/base/log.h"
#include "server/yaml/text_file.h"

namespace baton::access {
namespace {

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
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return Wrong(path, "has the mode " + ModeText(status.st_mode) +
                           ", expected that nobody but its owner may read or write it (chmod 600)");
  }
  if (status.st_size > static_cast<off_t>(yaml::kMaxFileBytes)) {
    return Wrong(path, "has " + std::to_string(status.st_size) + " bytes, expected at most 1MiB");
  }
  return {};
}

}  // namespace

struct SecretFile::Contents {
  std::string text;
  Stamp stamp;
};

SecretFile::Stamp SecretFile::StampOf(const struct stat& status) {
  return {status.st_dev, status.st_ino, status.st_size,
          std::int64_t{status.st_ctim.tv_sec} * 1'000'000'000 + status.st_ctim.tv_nsec};
}

// All questions are asked of what was opened, not of its name, which may be another's by then.
Result<SecretFile::Contents> SecretFile::ReadFile(const std::string& path) {
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat before {};
  if (!fd.valid() || fstat(fd.get(), &before) != 0) return CannotRead(path);
  if (const Status kind = CheckKind(path, before); !kind) return tl::unexpected(kind.error());
  Contents contents{std::string(yaml::kMaxFileBytes + 1, '\0'), StampOf(before)};
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

Result<Secrets> SecretFile::Load(const std::string& path, SecretKind kind, Stamp& stamp) {
  const Result<Contents> contents = ReadFile(path);
  if (!contents) return tl::unexpected(contents.error());
  stamp = contents->stamp;
  return Secrets::Parse(contents->text, path, kind);
}

Result<std::unique_ptr<SecretFile>> SecretFile::Open(std::string path, SecretKind kind) {
  Stamp stamp;
  Result<Secrets> secrets = Load(path, kind, stamp);
  if (!secrets) return tl::unexpected(secrets.error());
  return std::unique_ptr<SecretFile>(
      new SecretFile(std::move(path), kind, stamp, *std::move(secrets)));
}

SecretFile::SecretFile(std::string path, SecretKind kind, Stamp stamp, Secrets&& secrets)
    : path_(std::move(path)),
      kind_(kind),
      tried_(stamp),
      seen_(stamp),
      secrets_(std::make_shared<const Secrets>(std::move(secrets))) {}

std::optional<Identity> SecretFile::Find(std::string_view token, WallTime now) const {
  const std::shared_ptr<const Secrets> those = secrets();
  const Secrets::Found found = those->Find(token, now);
  if (found.holder == nullptr || found.is_expired) return std::nullopt;
  return *found.holder;
}

std::shared_ptr<const Secrets> SecretFile::secrets() const {
  MutexLock lock(mutex_);
  return secrets_;
}

SecretFile::Stamp SecretFile::Look() const {
  struct stat status {};
  return stat(path_.c_str(), &status) == 0 ? StampOf(status) : Stamp();
}

Status SecretFile::ReadAgain() {
  MutexLock lock(reading_);
  return TakeOver();
}

bool SecretFile::ReadIfChanged() {
  MutexLock lock(reading_);
  const Stamp stamp = Look();
  const bool is_at_rest = stamp == std::exchange(seen_, stamp);
  if (stamp == tried_ || !is_at_rest) return false;
  return TakeOver().has_value();
}

void SecretFile::WarnIfUnreadable() const {
  if (::access(path_.c_str(), R_OK) == 0) return;
  Log(LogLevel::kWarning, "secrets_unreadable",
      {{"file", path_}, {"effect", "a new one needs a restart"}});
}

Status SecretFile::TakeOver() {
  tried_ = Look();
  Result<Secrets> loaded = Load(path_, kind_, tried_);
  if (!loaded) {
    ++refused_reads_;
    Log(LogLevel::kError, "secrets_refused",
        {{"file", path_}, {"reason", loaded.error().message}, {"effect", "the old ones hold"}});
    return tl::unexpected(loaded.error());
  }
  ++reads_;
  const auto entries = static_cast<std::uint64_t>(loaded->size());
  auto taken = std::make_shared<const Secrets>(*std::move(loaded));
  {
    MutexLock lock(mutex_);
    secrets_.swap(taken);
  }
  Log(LogLevel::kInfo, "secrets_read", {{"file", path_}, {"entries", entries}});
  return {};
}

}  // namespace baton::access
