// A file of hashed tokens that is read again when it changes.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "server/access/guarded_file.h"
#include "server/access/secrets.h"
#include "server/base/mutex.h"
#include "server/base/result.h"

namespace baton::access {

// Knows who a token belongs to, as its file says at the moment. A file that cannot be taken over
// leaves what there is.
//
// Threads: any. Invariant: a file is taken over whole, or not at all.
class SecretFile {
 public:
  // Reads the file. kInvalidArgument says what is wrong with it: it cannot be read, others than its
  // owner may, it is larger than 1 MiB, it changes while it is read, or Secrets::Parse refuses it;
  // kNotFound when it is not there.
  static Result<std::unique_ptr<SecretFile>> Open(std::string path, SecretKind kind);
  SecretFile(const SecretFile&) = delete;
  SecretFile& operator=(const SecretFile&) = delete;

  // Who presents `token`; none when nobody's, or one that has expired.
  std::optional<Identity> Find(std::string_view token, WallTime now) const BATON_EXCLUDES(mutex_);

  // Those of the moment.
  std::shared_ptr<const Secrets> secrets() const BATON_EXCLUDES(mutex_);

  // Reads the file again. What is wrong with it is an error and a line in the log. Blocks for it.
  Status ReadAgain() BATON_EXCLUDES(reading_, mutex_);
  // The same when the file is another than at the last try, and no other than at the last look: who
  // writes it may not be done. True when there are new secrets.
  bool ReadIfChanged() BATON_EXCLUDES(reading_, mutex_);

  // A line in the log when this process, as it is now, could not read the file again.
  void WarnIfUnreadable() const;

  const std::string& path() const { return path_; }
  std::uint64_t reads() const { return reads_; }  // that were taken over, since Open
  std::uint64_t refused_reads() const { return refused_reads_; }

 private:
  SecretFile(std::string path, SecretKind kind, FileStamp stamp, Secrets&& secrets);
  static Result<Secrets> Load(const std::string& path, SecretKind kind, FileStamp& stamp);
  Status TakeOver() BATON_REQUIRES(reading_) BATON_EXCLUDES(mutex_);

  // Set once.
  const std::string path_;
  const SecretKind kind_;

  // One reading at a time.
  Mutex reading_;
  FileStamp tried_ BATON_GUARDED_BY(reading_);
  FileStamp seen_ BATON_GUARDED_BY(reading_);

  // Any thread (atomic).
  std::atomic<std::uint64_t> reads_{0};
  std::atomic<std::uint64_t> refused_reads_{0};

  mutable Mutex mutex_;
  std::shared_ptr<const Secrets> secrets_ BATON_GUARDED_BY(mutex_);
};

}  // namespace baton::access
