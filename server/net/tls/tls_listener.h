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
#include "server/net/tls/tls_metrics.h"
#include "server/net/transport.h"

namespace baton::net {

// Gives each connection a transport under the certificate of the moment. Those that are open keep
// theirs. The keys that seal tickets are renewed with the certificate, and twice a day.
//
// Threads: any. Invariant: a context is taken over whole, or not at all.
class TlsListener {
 public:
  using WallTime = TlsContext::WallTime;

  // Errors: those of TlsContext::Load, with `listener` in front. Metrics are in `registry`, which
  // does not scrape once this is gone.
  static Result<std::unique_ptr<TlsListener>> Open(std::string listener, TlsFiles files,
                                                   metrics::Registry& registry, WallTime now);
  TlsListener(const TlsListener&) = delete;
  TlsListener& operator=(const TlsListener&) = delete;

  // For a socket that outlives it; its handshake is counted in `shard`.
  std::unique_ptr<Transport> Accept(int fd, metrics::Shard& shard) const BATON_EXCLUDES(mutex_);

  // Reads the files again. What is wrong with them is an error, a line in the log, and leaves the
  // certificate that there is. Blocks for the files.
  Status Reload(WallTime now) BATON_EXCLUDES(reload_mutex_, mutex_);
  // The same when one of them is another than at the last try, or the keys of the tickets are old.
  void ReloadIfDue(WallTime now) BATON_EXCLUDES(reload_mutex_, mutex_);

  // A line in the log for each file that this process could not read again, as it is now.
  void WarnOfUnreadable() const;

  WallTime expires_at() const BATON_EXCLUDES(mutex_);

 private:
  struct Stamp {
    dev_t device = 0;
    ino_t inode = 0;
    off_t size = 0;
    std::int64_t changed_ns = 0;

    bool operator==(const Stamp&) const = default;
  };

  TlsListener(std::string listener, TlsFiles files, metrics::Registry& registry,
              TlsContext&& context, WallTime now);
  std::vector<Stamp> LookAtFiles() const;
  Status LoadAgain(WallTime now) BATON_REQUIRES(reload_mutex_) BATON_EXCLUDES(mutex_);
  void AddMetrics(metrics::Registry& registry);

  // Set once.
  const std::string listener_;
  const TlsFiles files_;
  const TlsMetrics metrics_;

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
