// Sending by schedule or in turn, and what becomes of each request.
#include "client/lib/load_run.h"

#include <algorithm>
#include <ctime>
#include <string>
#include <sys/prctl.h>

#include "client/lib/request.h"
#include "server/base/check.h"

namespace baton::client {
namespace {

constexpr Duration kRetryPause = 10ms;
constexpr Duration kLongestSleep = 100ms;  // so that Stop() from another thread is seen
constexpr std::size_t kEventsPerTurn = 256;
constexpr std::size_t kBufferBytes = 64 << 10;

SteadyTime ReadClock() { return std::chrono::steady_clock::now(); }

// The kernel may delay a sleeper by its timer slack, 50 us by default: most of what an open loop
// would be behind its schedule.
class PreciseTimers {
 public:
  PreciseTimers() : slack_ns_(::prctl(PR_GET_TIMERSLACK)) { ::prctl(PR_SET_TIMERSLACK, 1UL); }
  ~PreciseTimers() {
    if (slack_ns_ > 0) ::prctl(PR_SET_TIMERSLACK, static_cast<unsigned long>(slack_ns_));
  }
  PreciseTimers(const PreciseTimers&) = delete;
  PreciseTimers& operator=(const PreciseTimers&) = delete;

 private:
  int slack_ns_;
};

// What this thread has had of a processor.
Duration ReadProcessorTime() {
  timespec spent{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
  return std::chrono::seconds(spent.tv_sec) + std::chrono::nanoseconds(spent.tv_nsec);
}

LoadChannel MakeChannel(const LoadOptions& options) {
  LoadChannel channel;
  channel.epoll = UniqueFd(::epoll_create1(EPOLL_CLOEXEC));
  BATON_CHECK(channel.epoll.valid());
  const std::string wire =
      ToWire(options.request, options.host,
             options.is_one_shot ? Persistence::kClose : Persistence::kKeepAlive);
  channel.request_size = wire.size();
  channel.requests.reserve(options.pipeline * wire.size());
  for (std::size_t i = 0; i < options.pipeline; ++i) channel.requests += wire;
  channel.expects_head = options.request.method == "HEAD";
  channel.is_one_shot = options.is_one_shot;
  channel.buffer.resize(kBufferBytes);
  return channel;
}

}  // namespace

LoadRun::LoadRun(const LoadOptions& options, const std::vector<Duration>& schedule,
                 const std::atomic<bool>& is_stopping)
    : options_(options),
      schedule_(schedule),
      is_stopping_(is_stopping),
      channel_(MakeChannel(options)),
      intended_end_(options.is_closed ? 0 : schedule.size()),
      intended_(options.connections, InstantQueue(options.pipeline)),
      connect_started_(options.connections),
      events_(kEventsPerTurn) {
  connections_.reserve(options.connections);
  for (std::size_t i = 0; i < options.connections; ++i) {
    connections_.emplace_back(channel_, static_cast<std::uint32_t>(i));
  }
}

Status LoadRun::ConnectAll() {
  const SteadyTime until = ReadClock() + options_.connect_timeout;
  for (std::uint32_t i = 0; i < connections_.size(); ++i) Connect(i);
  while (idle_.size() < connections_.size() && ReadClock() < until && !is_stopping_.load()) {
    // Attempts that have failed are tried again while the load runs.
    if (idle_.size() + retries_.size() == connections_.size()) break;
    Turn(std::min(until, ReadClock() + kLongestSleep));
  }
  if (!idle_.empty() || is_stopping_.load()) return {};
  return Fail(ErrorCode::kUnavailable, "cannot connect to " + options_.host + ": all of " +
                                           std::to_string(connections_.size()) +
                                           " connections failed");
}

LoadReport LoadRun::Offer(const std::function<void(const LoadProgress&)>& each_second) {
  const PreciseTimers precise_timers;
  const Duration processor_time = ReadProcessorTime();
  start_ = ReadClock();
  offer_until_ = start_ + options_.warmup + options_.duration;
  SteadyTime next_progress = start_ + 1s;
  SteadyTime now = start_;
  while (!IsOver(now)) {
    if (is_stopping_.load() && IsOffering(now)) StopOffering(now);
    RunRetries(now);
    SendDue(now);
    Turn(std::min(NextWake(now), next_progress));
    now = ReadClock();
    if (now >= next_progress) {
      if (each_second) each_second(Progress(now));
      next_progress += 1s;
    }
  }
  report_.generator().busy_ratio =
      ToSeconds(ReadProcessorTime() - processor_time) / ToSeconds(now - start_);
  CountOutstanding();
  const Duration measured = offer_until_ - start_ - options_.warmup;
  report_.SetMeasured(std::max(measured, Duration::zero()));
  return std::move(report_);
}

bool LoadRun::IsOver(SteadyTime now) const {
  if (IsOffering(now)) return false;
  return (in_flight_ == 0 && next_ == intended_end_) || now >= offer_until_ + options_.grace;
}

void LoadRun::Turn(SteadyTime wake_at) {
  const Duration sleep = std::max(wake_at - ReadClock(), Duration::zero());
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(sleep);
  const timespec timeout{seconds.count(), (sleep - seconds).count()};
  const int ready = ::epoll_pwait2(channel_.epoll.get(), events_.data(),
                                   static_cast<int>(events_.size()), &timeout, nullptr);
  for (int i = 0; i < ready; ++i) {
    const epoll_event& event = events_[static_cast<std::size_t>(i)];
    const std::uint32_t index = event.data.u32;
    LoadConnection& connection = connections_[index];
    const LoadConnection::State before = connection.state();
    const LoadConnection::Step step = connection.OnEvents(event.events);
    if (before == LoadConnection::State::kConnecting && step == LoadConnection::Step::kReset) {
      ConnectFailed(index);
    } else {
      Handle(index, step);
    }
  }
}

void LoadRun::Handle(std::uint32_t index, LoadConnection::Step step) {
  using Step = LoadConnection::Step;
  switch (step) {
    case Step::kAgain: return;
    case Step::kConnected: idle_.push_back(index); return;
    case Step::kAnswered: HandleAnswers(index); return;
    case Step::kClosed:
      idle_.erase(std::remove(idle_.begin(), idle_.end(), index), idle_.end());
      ReplaceConnection(index);
      return;
    case Step::kReset: Lose(index, End::kReset); return;
    case Step::kEof: Lose(index, End::kEof); return;
    case Step::kMalformed: Lose(index, End::kMalformed); return;
  }
}

void LoadRun::HandleAnswers(std::uint32_t index) {
  LoadConnection& connection = connections_[index];
  const SteadyTime now = ReadClock();
  std::size_t answered = 0;
  LoadConnection::Step step = LoadConnection::Step::kAnswered;
  for (; step == LoadConnection::Step::kAnswered; ++answered) {
    RecordAnswer(connection.answer(), intended_[index].Pop(), now);
    step = connection.Rest();
  }
  in_flight_ -= answered;
  if (step != LoadConnection::Step::kAgain) {
    Handle(index, step);
  } else if (connection.state() == LoadConnection::State::kClosed) {
    Connect(index);
  } else if (options_.is_closed && IsOffering(now)) {
    Launch(index, now, answered);
  } else if (connection.state() == LoadConnection::State::kIdle) {
    idle_.push_back(index);
  }
}

void LoadRun::RecordAnswer(const LoadAnswer& answer, SteadyTime intended, SteadyTime now) {
  Outcome outcome;
  outcome.latency = now - intended;
  outcome.status = answer.status;
  outcome.answer = answer.answer;
  outcome.cause = answer.cause;
  outcome.budget = options_.budget ? options_.budget : answer.budget;
  Record(outcome, intended);
}

// What was under way on the connection ended without an answer.
void LoadRun::Lose(std::uint32_t index, End end) {
  Outcome outcome;
  outcome.end = end;
  InstantQueue& intended = intended_[index];
  in_flight_ -= intended.size();
  while (intended.size() > 0) Record(outcome, intended.Pop());
  ReplaceConnection(index);
}

void LoadRun::ReplaceConnection(std::uint32_t index) {
  // A server that closes every connection before it served anything is not to be hammered.
  if (connections_[index].HasServed()) {
    Connect(index);
  } else {
    RetryLater(index, ReadClock());
  }
}

void LoadRun::Connect(std::uint32_t index) {
  if (options_.is_one_shot) connect_started_[index] = ReadClock();
  if (connections_[index].Connect(options_.server) != LoadConnection::Step::kAgain) {
    ConnectFailed(index);
  }
}

void LoadRun::RetryLater(std::uint32_t index, SteadyTime now) {
  retries_.push_back(Retry{now + kRetryPause, index});
}

void LoadRun::ConnectFailed(std::uint32_t index) {
  ++report_.generator().connect_failures;
  const bool has_waiting = !options_.is_closed && idle_.empty() && next_ < due_;
  if (has_waiting) {
    // The oldest request that waits was to go over this connection: a server that is gone loses
    // requests and does not merely delay them.
    Outcome outcome;
    outcome.end = End::kConnect;
    Record(outcome, IntendedAt(next_));
    ++next_;
  }
  RetryLater(index, ReadClock());
}

void LoadRun::RunRetries(SteadyTime now) {
  while (!retries_.empty() && retries_.front().at <= now) {
    const std::uint32_t index = retries_.front().index;
    retries_.pop_front();
    Connect(index);
  }
}

void LoadRun::SendDue(SteadyTime now) {
  if (options_.is_closed) {
    if (IsOffering(now)) SendOnIdle(now);
    return;
  }
  while (due_ < intended_end_ && IntendedAt(due_) <= now) ++due_;
  if (was_starved_) NoteStarvation();
  while (next_ < due_ && !idle_.empty()) {
    const std::uint32_t index = idle_.front();
    idle_.pop_front();
    const SteadyTime intended = IntendedAt(next_);
    const SteadyTime leaves = ReadClock();
    if (IsCounted(intended)) {
      LoadReport::Generator& generator = report_.generator();
      if (next_ < starved_until_) {
        ++generator.waited_for_connection;
        generator.longest_wait = std::max(generator.longest_wait, Duration(leaves - intended));
      } else {
        generator.lag.Add(leaves - intended);
      }
    }
    ++next_;
    Launch(index, intended, 1);
  }
  was_starved_ = idle_.empty();
  if (was_starved_) NoteStarvation();
}

void LoadRun::NoteStarvation() { starved_until_ = std::max(starved_until_, due_); }

void LoadRun::SendOnIdle(SteadyTime now) {
  for (std::size_t left = idle_.size(); left > 0; --left) {
    const std::uint32_t index = idle_.front();
    idle_.pop_front();
    Launch(index, options_.is_one_shot ? connect_started_[index] : now, options_.pipeline);
  }
}

void LoadRun::Launch(std::uint32_t index, SteadyTime intended, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) intended_[index].Push(intended);
  in_flight_ += count;
  sent_ += count;
  const LoadConnection::Step step = connections_[index].Send(count);
  if (step != LoadConnection::Step::kAgain) Handle(index, step);
}

void LoadRun::StopOffering(SteadyTime now) {
  report_.SetInterrupted();
  offer_until_ = now;
  while (due_ < intended_end_ && IntendedAt(due_) <= now) ++due_;
  intended_end_ = due_;
}

void LoadRun::CountOutstanding() {
  Outcome outcome;
  outcome.end = End::kUnanswered;
  for (InstantQueue& intended : intended_) {
    while (intended.size() > 0) Record(outcome, intended.Pop());
  }
  outcome.end = End::kUnsent;
  for (; next_ < intended_end_; ++next_) Record(outcome, IntendedAt(next_));
}

void LoadRun::Record(Outcome outcome, SteadyTime intended) {
  ++ended_;
  if (!IsCounted(intended)) return;
  outcome.intended = intended - start_ - options_.warmup;
  report_.Add(outcome);
}

SteadyTime LoadRun::NextWake(SteadyTime now) const {
  SteadyTime wake = now + kLongestSleep;
  if (!retries_.empty()) wake = std::min(wake, retries_.front().at);
  if (!idle_.empty() && due_ < intended_end_) wake = std::min(wake, IntendedAt(due_));
  return std::min(wake, IsOffering(now) ? offer_until_ : offer_until_ + options_.grace);
}

LoadProgress LoadRun::Progress(SteadyTime now) const {
  LoadProgress progress;
  progress.elapsed = now - start_;
  progress.sent = sent_;
  progress.ended = ended_;
  progress.good = report_.good();
  progress.in_flight = in_flight_;
  progress.waiting = due_ - next_;
  return progress;
}

}  // namespace baton::client
