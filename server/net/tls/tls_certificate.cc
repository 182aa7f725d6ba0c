// Looking at files, and taking them over.
#include "server/net/tls/tls_certificate.h"

#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "server/base/log.h"

namespace baton::net {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::hours kTicketKeysLast = 12h;

tl::unexpected<Error> Wrong(const std::string& listener, const Error& error) {
  return Fail(error.code, "tls." + listener + ": " + error.message);
}

double SecondsUntil(TlsCertificate::WallTime time) {
  return std::chrono::duration<double>(time - std::chrono::system_clock::now()).count();
}

}  // namespace

Result<std::unique_ptr<TlsCertificate>> TlsCertificate::Open(std::string listener, TlsFiles files,
                                                             metrics::Registry& registry,
                                                             WallTime now) {
  Result<TlsContext> context = TlsContext::Load(files, now);
  if (!context) return Wrong(listener, context.error());
  if (context->key_is_open()) {
    Log(LogLevel::kWarning, "tls_key_open_to_all", {{"listener", listener}, {"file", files.key}});
  }
  return std::unique_ptr<TlsCertificate>(new TlsCertificate(std::move(listener), std::move(files),
                                                            registry, std::move(*context), now));
}

TlsCertificate::TlsCertificate(std::string listener, TlsFiles files, metrics::Registry& registry,
                               TlsContext&& context, WallTime now)
    : listener_(std::move(listener)),
      files_(std::move(files)),
      tried_(LookAtFiles()),
      loaded_at_(now),
      context_(std::make_shared<const TlsContext>(std::move(context))) {
  AddMetrics(registry);
}

void TlsCertificate::AddMetrics(metrics::Registry& registry) {
  registry.AddGauge("baton_tls_certificate_expiry_seconds",
                    "How long the certificate in use is still valid; below 0 it has expired.",
                    {{"listener", listener_}}, [this] { return SecondsUntil(expires_at()); });
  const auto add = [&](const char* result, const std::atomic<std::uint64_t>& count) {
    registry.AddCounterFunction(
        "baton_tls_reloads_total",
        "How often certificate and key were read again, because they had changed or for fresh keys "
        "of the tickets; failed leaves those that are used.",
        {{"listener", listener_}, {"result", result}},
        [&count] { return static_cast<double>(count.load()); });
  };
  add("ok", reloads_);
  add("failed", failed_reloads_);
}

std::shared_ptr<const TlsContext> TlsCertificate::Now() const {
  MutexLock lock(mutex_);
  return context_;
}

TlsCertificate::WallTime TlsCertificate::expires_at() const {
  MutexLock lock(mutex_);
  return context_->expires_at();
}

std::vector<TlsCertificate::Stamp> TlsCertificate::LookAtFiles() const {
  std::vector<Stamp> stamps;
  for (const std::string* const path : {&files_.certificate, &files_.key, &files_.client_ca}) {
    Stamp& stamp = stamps.emplace_back();
    struct stat status {};
    if (path->empty() || stat(path->c_str(), &status) != 0) continue;
    stamp = {status.st_dev, status.st_ino, status.st_size,
             std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec};
  }
  return stamps;
}

void TlsCertificate::WarnOfUnreadable() const {
  for (const std::string* const path : {&files_.certificate, &files_.key, &files_.client_ca}) {
    if (path->empty() || access(path->c_str(), R_OK) == 0) continue;
    Log(LogLevel::kWarning, "tls_file_unreadable",
        {{"listener", listener_}, {"file", *path}, {"effect", "a new one needs a restart"}});
  }
}

Status TlsCertificate::Reload(WallTime now) {
  MutexLock lock(reload_mutex_);
  tried_ = LookAtFiles();
  return LoadAgain(now);
}

void TlsCertificate::ReloadIfDue(WallTime now) {
  MutexLock lock(reload_mutex_);
  std::vector<Stamp> stamps = LookAtFiles();
  const bool is_other = stamps != tried_;
  if (!is_other && now - loaded_at_ < kTicketKeysLast) return;
  tried_ = std::move(stamps);
  if (!is_other) loaded_at_ = now;  // whatever comes of it, the next try is half a day away
  static_cast<void>(LoadAgain(now));
}

Status TlsCertificate::LoadAgain(WallTime now) {
  Result<TlsContext> context = TlsContext::Load(files_, now);
  if (!context) {
    ++failed_reloads_;
    Log(LogLevel::kError, "tls_reload_failed",
        {{"listener", listener_}, {"reason", context.error().message}});
    return Wrong(listener_, context.error());
  }
  ++reloads_;
  loaded_at_ = now;
  const auto loaded = std::make_shared<const TlsContext>(std::move(*context));
  std::shared_ptr<const TlsContext> before = loaded;
  {
    MutexLock lock(mutex_);
    context_.swap(before);
  }
  const auto days =
      std::chrono::duration_cast<std::chrono::hours>(loaded->expires_at() - now) / 24h;
  Log(LogLevel::kInfo, "tls_reloaded",
      {{"listener", listener_}, {"days_left", static_cast<std::int64_t>(days)}});
  return {};
}

}  // namespace baton::net
