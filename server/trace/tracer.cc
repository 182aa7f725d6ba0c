// Choosing at the end of a request, and the thread that exports.
#include "server/trace/tracer.h"

#include <random>
#include <utility>

#include "server/base/check.h"
#include "server/base/thread_name.h"
#include "server/base/thread_priority.h"
#include "server/trace/post_retry.h"

namespace baton::trace {
namespace {

// Nobody wakes the exporting thread: a wake-up would cost a conductor more than all the rest.
constexpr Duration kLookEvery = 100ms;
constexpr Duration kPostTime = 10s;
constexpr int kMostTries = 5;
constexpr std::size_t kMostSpans = 1024;  // in a message, and what its last request brings more
constexpr std::size_t kMostBytes = 1024 * 1024;
constexpr int kNicerBy = 19;

double Random() {
  thread_local std::mt19937 engine{std::random_device{}()};
  return std::uniform_real_distribution<double>(0, 1)(engine);
}

}  // namespace

std::string_view ToText(Outcome outcome) {
  constexpr std::array<std::string_view, kAllOutcomes.size()> kTexts = {
      "exported", "rejected", "over_rate", "overrun", "undelivered"};
  return kTexts[static_cast<std::size_t>(outcome)];
}

Tracer::Tracer(Parts parts, const Sampling& sampling)
    : parts_(std::move(parts)),
      share_(sampling.share),
      follows_callers_(sampling.follows_callers),
      misses_(sampling.misses),
      others_(sampling.others) {}

Tracer::~Tracer() { Stop(Duration::zero()); }

Tracer::Source& Tracer::AddSource(std::size_t places) {
  BATON_CHECK(!thread_.joinable());
  sources_.push_back(std::make_unique<Source>(*this, places));
  return *sources_.back();
}

bool Tracer::Source::Wants(const TraceContext& trace, bool is_miss) const {
  Sampling sampling;
  sampling.share = tracer_.share_.load(std::memory_order_relaxed);
  sampling.follows_callers = tracer_.follows_callers_.load(std::memory_order_relaxed);
  return IsWanted(sampling, trace, is_miss);
}

bool Tracer::TryPass(bool is_miss, SteadyTime now) {
  return is_miss ? passed_misses_.TryPass(now, misses_.load(std::memory_order_relaxed))
                 : passed_others_.TryPass(now, others_.load(std::memory_order_relaxed));
}

void Tracer::Use(const Sampling& sampling) {
  share_ = sampling.share;
  follows_callers_ = sampling.follows_callers;
  misses_ = sampling.misses;
  others_ = sampling.others;
}

void Tracer::Start() {
  thread_ = std::jthread([this] { Run(); });
}

void Tracer::Stop(Duration most) {
  if (!thread_.joinable()) return;
  {
    MutexLock lock(mutex_);
    is_stopping_ = true;
  }
  parts_.post->Hurry(most);
  stop_asked_.NotifyAll();
  thread_.join();
}

bool Tracer::IsStopping() {
  MutexLock lock(mutex_);
  return is_stopping_;
}

bool Tracer::Pause(Duration pause) {
  const auto until = std::chrono::steady_clock::now() + pause;
  MutexLock lock(mutex_);
  while (!is_stopping_) {
    if (stop_asked_.WaitUntil(lock, until) == std::cv_status::timeout) break;
  }
  return is_stopping_;
}

void Tracer::Run() {
  NameThisThread("traces");
  GiveWay(kNicerBy);
  while (!Pause(kLookEvery)) {
    while (ExportSome()) {
    }
  }
  while (ExportSome()) {
  }
}

bool Tracer::ExportSome() {
  SpanMessage message(parts_.resource, {parts_.clock.Now(), std::chrono::system_clock::now()});
  const auto add = [&message](const FinishedRequest& request) { message.Add(request); };
  // Each message begins with another source, as one may fill all of it.
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    Source& source = *sources_[(first_ + i) % sources_.size()];
    while (message.spans() < kMostSpans && message.bytes() < kMostBytes &&
           source.lane_.TryTake(add)) {
    }
  }
  ++first_;
  if (message.spans() == 0) return false;
  Deliver(message.Finish(), message.spans());
  return true;
}

// What waits meanwhile is bounded: what comes on top is dropped where it comes from.
void Tracer::Deliver(const std::string& body, std::size_t spans) {
  for (int tries = 1; !has_given_up_; ++tries) {
    const PostAnswer answer = parts_.post->Send(body, kPostTime);
    const Verdict verdict = Judge(answer, spans);
    Tell(verdict.why);
    if (verdict.kind != Verdict::Kind::kRetry) {
      failures_ = 0;
      const bool is_taken = verdict.kind == Verdict::Kind::kTaken;
      const std::size_t rejected = is_taken ? verdict.rejected : spans;
      Count(Outcome::kRejected, rejected);
      Count(Outcome::kExported, spans - rejected);
      return;
    }
    ++failures_;
    if (IsStopping()) {
      has_given_up_ = true;
    } else {
      Pause(PauseAfter(failures_, answer.retry_after, Random()));
      if (tries >= kMostTries) break;
    }
  }
  Count(Outcome::kUndelivered, spans);
}

void Tracer::Tell(const std::string& why) {
  const bool is_well = why.empty();
  if (is_well == told_well_) return;
  const SteadyTime now = parts_.clock.Now();
  if (!is_well && now < tell_after_) return;  // told later, where it lasts
  if (is_well) tell_after_ = now + kTellEvery;
  told_well_ = is_well;
  if (parts_.tell) parts_.tell(why);
}

void AddTraceMetrics(metrics::Registry& registry, const Tracer* tracer) {
  for (const Outcome outcome : kAllOutcomes) {
    registry.AddCounterFunction(
        "baton_trace_spans_total",
        "Spans that were chosen for the collector of traces, by what became of them. rejected: the "
        "collector did not want them; over_rate: more in a second than may be; overrun: more than "
        "the buffer holds; undelivered: the collector was away, or too slow, for too long. All "
        "stay 0 without one.",
        {{"outcome", std::string(ToText(outcome))}}, [tracer, outcome] {
          return tracer == nullptr ? 0.0 : static_cast<double>(tracer->spans(outcome));
        });
  }
}

}  // namespace baton::trace
