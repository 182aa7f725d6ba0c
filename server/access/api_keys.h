// The keys of clients, out of a file that is read again when it changes.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "server/access/key_ring.h"
#include "server/access/secret_file.h"
#include "server/base/mutex.h"
#include "server/base/result.h"

namespace baton::access {

// Threads: any. Invariant: what a holder has left of its rate, and its counts, outlast each reading
// in which its name stands; with another rate it begins anew.
class ApiKeys {
 public:
  // Errors: those of SecretFile::Open.
  static Result<std::unique_ptr<ApiKeys>> Open(std::string path);
  ApiKeys(const ApiKeys&) = delete;
  ApiKeys& operator=(const ApiKeys&) = delete;

  // The keys of the moment.
  std::shared_ptr<const KeyRing> ring() const BATON_EXCLUDES(mutex_);
  // KeyRing::Check of them.
  KeyDecision Check(std::string_view presented, SteadyTime now, WallTime wall_now) const {
    return ring()->Check(presented, now, wall_now);
  }

  // SecretFile::ReadIfChanged. True: there is a new ring.
  bool ReadIfChanged() BATON_EXCLUDES(mutex_);
  const SecretFile& file() const { return *file_; }

  // By name, those of the keys of the moment.
  std::map<std::string, std::shared_ptr<const KeyAccount>> Accounts() const BATON_EXCLUDES(mutex_);
  const KeyAccount& strangers() const { return *strangers_; }

 private:
  struct Holder {
    std::optional<Rate> rate;
    std::shared_ptr<KeyAccount> account;
  };

  explicit ApiKeys(std::unique_ptr<SecretFile> file);
  void TakeOver() BATON_EXCLUDES(mutex_);

  // Set once.
  const std::unique_ptr<SecretFile> file_;
  const std::shared_ptr<KeyAccount> strangers_ = std::make_shared<KeyAccount>();

  mutable Mutex mutex_;
  std::map<std::string, Holder> holders_ BATON_GUARDED_BY(mutex_);
  std::shared_ptr<const KeyRing> ring_ BATON_GUARDED_BY(mutex_);
};

}  // namespace baton::access
