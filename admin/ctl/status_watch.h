// What a server does, as it tells of it second by second.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <thread>

#include "admin/ctl/admin_client.h"
#include "server/base/clock.h"
#include "server/base/mutex.h"
#include "server/base/result.h"

namespace baton::ctl {

// A thread reads what comes and keeps the newest; when the server ends it, or goes, it is asked
// again each second.
//
// Threads: one at a time.
class StatusWatch {
 public:
  // Begins when it is asked first. `timeout`: how long to wait for each message; it may have a
  // second more, as that is how often they come. `client` outlives it.
  StatusWatch(AdminClient& client, Duration timeout) : client_(client), timeout_(timeout) {}
  ~StatusWatch();
  StatusWatch(const StatusWatch&) = delete;
  StatusWatch& operator=(const StatusWatch&) = delete;

  // The newest, once; waits for one that was not given before. Errors: those of the call, and
  // kDeadlineExceeded.
  Result<admin::v1::StatusUpdate> Next() BATON_EXCLUDES(mutex_);

 private:
  void Run() BATON_EXCLUDES(mutex_);
  void ReadAll(AdminClient::StatusStream& stream) BATON_EXCLUDES(mutex_);

  // Set once.
  AdminClient& client_;
  const Duration timeout_;

  // Guarded by mutex_.
  Mutex mutex_;
  CondVar has_news_;
  bool is_stopped_ BATON_GUARDED_BY(mutex_) = false;
  AdminClient::StatusStream* stream_ BATON_GUARDED_BY(mutex_) = nullptr;          // that is read
  std::optional<Result<admin::v1::StatusUpdate>> news_ BATON_GUARDED_BY(mutex_);  // not given yet
  std::jthread thread_;
};

}  // namespace baton::ctl
