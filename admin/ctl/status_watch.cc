// A reader that never waits for whoever looks.
#include "admin/ctl/status_watch.h"

#include <utility>

#include "server/base/duration_text.h"

namespace baton::ctl {
namespace {

constexpr Duration kBetweenMessages = 1s;
constexpr Duration kBetweenTries = 1s;

}  // namespace

StatusWatch::~StatusWatch() {
  MutexLock lock(mutex_);
  is_stopped_ = true;
  if (stream_ != nullptr) stream_->Cancel();
  has_news_.NotifyAll();
}  // the thread's own destructor joins it, without the lock

Result<admin::v1::StatusUpdate> StatusWatch::Next() {
  if (!thread_.joinable()) thread_ = std::jthread([this] { Run(); });
  const SteadyTime end = SystemClock().Now() + timeout_ + kBetweenMessages;
  MutexLock lock(mutex_);
  while (!news_) {
    if (has_news_.WaitUntil(lock, end) == std::cv_status::timeout && !news_) {
      return Fail(ErrorCode::kDeadlineExceeded,
                  "the server has said nothing for " + FormatDuration(timeout_ + kBetweenMessages));
    }
  }
  return *std::exchange(news_, std::nullopt);
}

void StatusWatch::ReadAll(AdminClient::StatusStream& stream) {
  admin::v1::StatusUpdate update;
  while (stream.Read(update)) {
    MutexLock lock(mutex_);
    news_ = std::move(update);
    has_news_.NotifyAll();
    update = {};
  }
}

void StatusWatch::Run() {
  while (true) {
    const auto stream = client_.WatchStatus();
    {
      MutexLock lock(mutex_);
      stream_ = stream.get();
      if (is_stopped_) stream->Cancel();
    }
    ReadAll(*stream);
    Error ended = stream->Finish();
    MutexLock lock(mutex_);
    stream_ = nullptr;
    news_ = tl::unexpected<Error>(std::move(ended));
    has_news_.NotifyAll();
    const SteadyTime again = SystemClock().Now() + kBetweenTries;
    while (!is_stopped_) {
      if (has_news_.WaitUntil(lock, again) == std::cv_status::timeout) break;
    }
    if (is_stopped_) return;
  }
}

}  // namespace baton::ctl
