// Places are counted when requests come, and what is kept when they are answered.
#include "server/control/captures.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <iterator>
#include <utility>

#include "server/base/duration_text.h"

namespace baton::control {
namespace {

constexpr Duration kShortest = 100ms;
constexpr Duration kLongest = std::chrono::minutes(10);
constexpr std::size_t kMostRequests = 10'000;
constexpr std::size_t kLeastBytes = std::size_t{4} << 10U;
constexpr std::size_t kMostBytes = std::size_t{64} << 20U;
constexpr std::size_t kMostBodyBytes = std::size_t{1} << 20U;

Status CheckNumber(const char* field, std::size_t value, std::size_t least, std::size_t most) {
  if (value >= least && value <= most) return {};
  return FailValue(field, std::to_string(least) + " to " + std::to_string(most),
                   std::to_string(value));
}

std::size_t BytesOf(const CapturedRequest& request) {
  std::size_t text = request.target.size();
  for (const CapturedHeader& header : request.headers) {
    text += header.name.size() + header.value.size();
  }
  return HeadBytesOf(request.headers.size(), text) + request.body.size();
}

}  // namespace

Status CaptureAsk::Validate() const {
  if (duration < kShortest || duration > kLongest) {
    return FailValue(
        "duration_ms", "100 to 600000 (10m)",
        std::to_string(std::chrono::floor<std::chrono::milliseconds>(duration).count()));
  }
  Status right = CheckNumber("max_requests", most_requests, 1, kMostRequests);
  if (right) right = CheckNumber("max_bytes", most_bytes, kLeastBytes, kMostBytes);
  if (right) right = CheckNumber("max_body_bytes", most_body_bytes, 0, kMostBodyBytes);
  return right;
}

std::string_view ToText(CaptureEnd end) {
  static constexpr std::array<std::string_view, 5> kTexts = {"none", "duration", "requests",
                                                             "bytes", "draining"};
  return kTexts.at(static_cast<std::size_t>(end));
}

std::size_t HeadBytesOf(std::size_t headers, std::size_t text_bytes) {
  return sizeof(CapturedRequest) + headers * sizeof(CapturedHeader) + text_bytes;
}

Result<std::unique_ptr<CaptureReader>> Captures::Begin(const CaptureAsk& ask,
                                                       const std::string& who, SteadyTime now,
                                                       std::function<void()> told) {
  if (const Status right = ask.Validate(); !right) return tl::unexpected<Error>(right.error());
  auto running = std::make_unique<Running>();
  running->ask = ask;
  running->who = who;
  running->until = now + ask.duration;
  running->told = std::move(told);
  MutexLock lock(mutex_);
  if (running_) {
    return Fail(ErrorCode::kResourceExhausted,
                "one capture runs at a time: that of " + running_->who + " does, for at most " +
                    FormatDuration(std::chrono::ceil<std::chrono::seconds>(
                        std::max(running_->until - now, Duration::zero()))) +
                    " more");
  }
  running->number = ++begun_;
  running_ = std::move(running);
  is_running_ = true;
  return std::make_unique<CaptureReader>(*this, ask);
}

std::optional<Captures::Place> Captures::TakePlace(std::string_view endpoint,
                                                   std::size_t head_bytes, std::size_t body_bytes) {
  MutexLock lock(mutex_);
  if (!running_ || running_->progress.ended != CaptureEnd::kNone) return std::nullopt;
  Running& running = *running_;
  if (!running.ask.endpoint.empty() && running.ask.endpoint != endpoint) return std::nullopt;
  const Place place{running.number, std::min(body_bytes, running.ask.most_body_bytes)};
  const std::size_t bytes = head_bytes + place.body_bytes;
  if (running.full == CaptureEnd::kNone && bytes > running.ask.most_bytes - running.taken_bytes) {
    running.full = CaptureEnd::kBytes;
  }
  if (running.full != CaptureEnd::kNone) {
    ++running.progress.left_out;
    return std::nullopt;
  }
  running.taken_bytes += bytes;
  if (++running.taken == running.ask.most_requests) running.full = CaptureEnd::kRequests;
  return place;
}

void Captures::Add(CapturedRequest&& request) {
  MutexLock lock(mutex_);
  if (!running_ || running_->number != request.capture) return;
  if (running_->progress.ended != CaptureEnd::kNone) return;
  ++running_->progress.kept;
  running_->progress.kept_bytes += BytesOf(request);
  running_->requests.push_back(std::move(request));
}

// What is full ends when the last of those that have a place has been answered.
void Captures::Look(SteadyTime now, bool is_draining) {
  if (!IsRunning()) return;
  MutexLock lock(mutex_);
  if (!running_) return;
  CaptureProgress& progress = running_->progress;
  const std::uint64_t waiting = running_->taken - progress.kept;
  if (is_draining) {
    progress.ended = CaptureEnd::kDraining;
  } else if (running_->full != CaptureEnd::kNone && (waiting == 0 || now >= running_->until)) {
    progress.ended = running_->full;
  } else if (now >= running_->until) {
    progress.ended = CaptureEnd::kDuration;
  }
  const bool has_ended = progress.ended != CaptureEnd::kNone;
  if (has_ended) {
    progress.unanswered = waiting;
    is_running_ = false;
  }
  if (has_ended || !running_->requests.empty()) running_->told();
}

CaptureProgress Captures::Take(std::deque<CapturedRequest>& requests) {
  MutexLock lock(mutex_);
  running_->requests.swap(requests);
  return running_->progress;
}

void Captures::End() {
  std::unique_ptr<Running> ended;  // freed without the lock
  MutexLock lock(mutex_);
  is_running_ = false;
  ended = std::move(running_);
}

CaptureReader::News CaptureReader::Take(std::size_t bytes) {
  News news;
  std::deque<CapturedRequest> fresh;
  news.progress = captures_.Take(fresh);
  std::move(fresh.begin(), fresh.end(), std::back_inserter(requests_));
  for (std::size_t taken = 0; !requests_.empty() && taken < bytes; requests_.pop_front()) {
    taken += BytesOf(requests_.front());
    news.requests.push_back(std::move(requests_.front()));
  }
  if (!requests_.empty()) news.progress.ended = CaptureEnd::kNone;
  return news;
}

}  // namespace baton::control
