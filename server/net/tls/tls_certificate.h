// The certificate of one listener, renewed while it serves.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <sys/types.h>
#include <vector>

#include "server/base/mutex.h"
#include "server/base/result.h"
#include "server/metrics/registry.h"
#include "server/net/tls/tls_context.h"
#include "server/net/tls/tls_files.h"

namespace baton::net {

// The keys that seal tickets are renewed with the certificate, and twice a day.
//
// Threads: any. Invariant: a context is taken over whole, or not at all.
class TlsCertificate {
 public:
  using WallTime = TlsContext::WallTime;

  // Errors: those of TlsContext::Load, with `listener` in front. Metrics are in `registry`, which
  // does not scrape once this is gone.
  static Result<std::unique_ptr<TlsCertificate>> Open(std::string listener, TlsFiles files,
                                                      metrics::Registry& registry, WallTime now);
  TlsCertificate(const TlsCertificate&) = delete;
  TlsCertificate& operator=(const TlsCertificate&) = delete;

  // What holds for connections that begin now; another one after each renewal.
  std::shared_ptr<const TlsContext> Now() const BATON_EXCLUDES(mutex_);

  // Reads the files again. What is wrong with them is an error, a line in the log, and leaves the
  // certificate that there is. Blocks for the files.
  Status Reload(WallTime now) BATON_EXCLUDES(reload_mutex_, mutex_);
  // The same when one of them is another than at the last try, or the keys of the tickets are old.
  void ReloadIfDue(WallTime now) BATON_EXCLUDES(reload_mutex_, mutex_);

  // A line in the log for each file that this process could not read again, as it is now.
  void WarnOfUnreadable() const;

  WallTime expires_at() const BATON_EXCLUDES(mutex_);
  bool asks_clients() const { return !files_.client_ca.empty(); }

 private:
  struct Stamp {
    dev_t device = 0;
    ino_t inode = 0;
    off_t size = 0;
    std::int64_t changed_ns = 0;

    bool operator==(const Stamp&) const = default;
  };

  TlsCertificate(std::string listener, TlsFiles files, metrics::Registry& registry,
                 TlsContext&& context, WallTime now);
  std::vector<Stamp> LookAtFiles() const;
  Status LoadAgain(WallTime now) BATON_REQUIRES(reload_mutex_) BATON_EXCLUDES(mutex_);
  void AddMetrics(metrics::Registry& registry);

  // Set once.
  const std::string listener_;
  const TlsFiles files_;

  // One reload at a time.
  Mutex reload_mutex_;
  std::vector<Stamp> tried_ BATON_GUARDED_BY(reload_mutex_);
  WallTime loaded_at_ BATON_GUARDED_BY(reload_mutex_);

  // Any thread (atomic).
  std::atomic<std::uint64_t> reloads_{0};
  std::atomic<std::uint64_t> failed_reloads_{0};

  mutable Mutex mutex_;
  std::shared_ptr<const TlsContext> context_ BATON_GUARDED_BY(mutex_);
};

}  // namespace baton::net
