// Looking at a file, and taking it over.
#include "server/access/secret_file.h"

#include <unistd.h>
#include <utility>

#include "server/base/log.h"

namespace baton::access {

Result<Secrets> SecretFile::Load(const std::string& path, SecretKind kind, FileStamp& stamp) {
  const Result<GuardedText> contents = ReadGuardedFile(path);
  if (!contents) return tl::unexpected(contents.error());
  stamp = contents->stamp;
  return Secrets::Parse(contents->text, path, kind);
}

Result<std::unique_ptr<SecretFile>> SecretFile::Open(std::string path, SecretKind kind) {
  FileStamp stamp;
  Result<Secrets> secrets = Load(path, kind, stamp);
  if (!secrets) return tl::unexpected(secrets.error());
  return std::unique_ptr<SecretFile>(
      new SecretFile(std::move(path), kind, stamp, *std::move(secrets)));
}

SecretFile::SecretFile(std::string path, SecretKind kind, FileStamp stamp, Secrets&& secrets)
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

Status SecretFile::ReadAgain() {
  MutexLock lock(reading_);
  return TakeOver();
}

bool SecretFile::ReadIfChanged() {
  MutexLock lock(reading_);
  const FileStamp stamp = LookAtFile(path_);
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
  tried_ = LookAtFile(path_);
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
