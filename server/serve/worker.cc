// Runs, replies and their barrier against what handlers throw.
#include "server/serve/worker.h"

#include <algorithm>
#include <deque>
#include <exception>
#include <utility>

namespace baton::serve {
namespace {

class TicketContext final : public RunContext {
 public:
  TicketContext(Ticket& ticket, const PendingResponses& pending, const Clock& clock)
      : ticket_(ticket), pending_(pending), clock_(clock) {}

  Deadline deadline() const override { return ticket_.deadline; }
  bool expired() const override {
    return clock_.Now() >= ticket_.due || !pending_.IsPending(ticket_.id);
  }
  Duration time_left() const override { return ticket_.due - clock_.Now(); }
  std::stop_token stop_token() const override { return ticket_.stop.get_token(); }
  std::string TakeBuffer() override { return std::move(ticket_.reply_buffer); }
  bool ShortenBudget(Duration budget) override {
    if (budget < ticket_.deadline.budget()) {
      ticket_.deadline = Deadline(ticket_.deadline.arrival(), budget);
      // The largest guard that a conductor keeps; it knows the exact one.
      ticket_.due = std::min(ticket_.due, ticket_.deadline.at() - budget / 10);
      ticket_.sink->MoveDeadline(ticket_.id, ticket_.deadline);
    }
    return clock_.Now() < ticket_.due;
  }

 private:
  Ticket& ticket_;
  const PendingResponses& pending_;
  const Clock& clock_;
};

bool IsClientsFault(ErrorCode code) {
  return code == ErrorCode::kInvalidArgument || code == ErrorCode::kNotFound ||
         code == ErrorCode::kTooLarge || code == ErrorCode::kUnsupported;
}

Reply ToReply(Outcome&& outcome, SteadyTime started, SteadyTime finished) {
  Reply reply;
  reply.started = started;
  reply.finished = finished;
  reply.own_begin = outcome.own_begin;
  reply.own_size = outcome.own_size;
  reply.body = std::move(outcome.body);
  reply.json_bytes = outcome.json_bytes;
  reply.gzip = std::move(outcome.gzip);
  reply.may_be_gzip = outcome.may_be_gzip;
  reply.error = std::move(outcome.error);
  if (!reply.error) {
    reply.answer = Answer::kPrediction;
  } else if (IsClientsFault(reply.error->code)) {
    reply.answer = Answer::kInvalid;
  } else if (reply.error->code == ErrorCode::kDeadlineExceeded) {
    reply.answer = Answer::kTimeout;
    reply.cause = Cause::kExpiredRunning;
  } else {
    reply.answer = Answer::kError;
    reply.cause = Cause::kBackendError;
  }
  return reply;
}

RunSample::End EndOf(Answer answer, bool has_run) {
  if (!has_run) return RunSample::End::kRejected;
  switch (answer) {
    case Answer::kPrediction: return RunSample::End::kWhole;
    case Answer::kTimeout: return RunSample::End::kCancelled;
    case Answer::kInvalid: return RunSample::End::kRejected;
    default: return RunSample::End::kFailed;
  }
}

// What the others' failures took, such as the expanding of what was no gzip, is in the batch's time
// and nobody knows how much of it: only a batch that ran whole teaches.
RunSample::End EndOf(bool has_run_whole, bool has_failed, bool is_stopped) {
  if (has_failed) return RunSample::End::kFailed;
  if (!has_run_whole) return RunSample::End::kRejected;
  return is_stopped ? RunSample::End::kCancelled : RunSample::End::kWhole;
}

std::size_t RanOf(std::span<const BatchMember> members) {
  return static_cast<std::size_t>(
      std::count_if(members.begin(), members.end(),
                    [](const BatchMember& member) { return member.outcome.has_run; }));
}

Error HandlerFailed(const char* what) {
  return {ErrorCode::kInternal, std::string("the handler failed") + what, {}};
}

// The one barrier between model code and the server: `run` is called, and what it throws becomes
// the error that is returned.
template <typename Run>
std::optional<Error> Guarded(Run run) {
  try {
    run();
    return std::nullopt;
  } catch (const std::exception& failure) {
    return HandlerFailed((std::string(": ") + failure.what()).c_str());
  } catch (...) {
    return HandlerFailed("");
  }
}

Outcome HandleSafely(const Ticket& ticket, RunContext& context) {
  Outcome outcome;
  if (auto failed = Guarded([&] { outcome = ticket.handler->Handle(ticket.call, context); })) {
    return {{}, std::move(failed)};
  }
  return outcome;
}

// Runs of tickets of one conductor go in one call.
void Deliver(std::span<Completion> completions) {
  std::size_t first = 0;
  while (first < completions.size()) {
    CompletionSink* const sink = completions[first].ticket->sink;
    std::size_t end = first + 1;
    while (end < completions.size() && completions[end].ticket->sink == sink) ++end;
    sink->Deliver(completions.subspan(first, end - first));
    first = end;
  }
}

}  // namespace

void Worker::Work(WorkerSlot& slot) {
  completions_.clear();
  for (std::unique_ptr<Ticket>& ticket : slot.assignment.shed) {
    completions_.push_back({std::move(ticket), Duration::zero()});
  }
  Deliver(completions_);
  completions_.clear();
  if (slot.assignment.batch_stop) {
    RunBatch(slot);
  } else {
    RunOneByOne(slot);
  }
}

// Not claimed by somebody else yet, and not as good as that.
bool Worker::IsWanted(const Ticket& ticket, SteadyTime now) const {
  return now < ticket.due && parts_.pending.IsPending(ticket.id);
}

// The promise is kept all the same: who claimed it at its deadline looks whether there is a reply
// after all, and must not find a broken promise.
void Worker::GiveUp(Ticket& ticket, SteadyTime now) const {
  Reply reply;
  reply.answer = Answer::kTimeout;
  reply.cause = Cause::kExpiredInQueue;
  reply.finished = now;
  ticket.promise.Keep(std::move(reply));
}

void Worker::Account(WorkerSlot& slot, const RunSample& sample) {
  slot.samples.push_back(sample);
  shard_.Add(parts_.metrics.busy_seconds, ToSeconds(sample.took));
}

// Of a run of so many requests together.
void Worker::CountRun(const Endpoint& endpoint, std::size_t ran) {
  if (ran == 0) return;
  const auto size = static_cast<double>(ran);
  shard_.Add(endpoint.metrics.inferences, size);
  shard_.Add(endpoint.metrics.batches);
  shard_.Observe(endpoint.metrics.batch_size, size);
}

void Worker::RunOneByOne(WorkerSlot& slot) {
  const std::span tickets(slot.assignment.tickets);
  SteadyTime began = parts_.clock.Now();
  for (std::size_t i = 0; i < tickets.size(); ++i) {
    Ticket& ticket = *tickets[i];
    Duration took = Duration::zero();
    shard_.Add(parts_.metrics.tasks);
    if (!IsWanted(ticket, began)) {
      GiveUp(ticket, began);
    } else {
      TicketContext context(ticket, parts_.pending, parts_.clock);
      Outcome outcome = HandleSafely(ticket, context);
      const SteadyTime finished = parts_.clock.Now();
      const bool has_run = outcome.has_run;
      Reply reply = ToReply(std::move(outcome), began, finished);
      took = finished - began;
      Account(slot, {ticket.endpoint->index, took, 1, EndOf(reply.answer, has_run)});
      CountRun(*ticket.endpoint, has_run ? 1 : 0);
      ticket.promise.Keep(std::move(reply));
      began = finished;
    }
    completions_.push_back({std::move(tickets[i]), took});
    // One that took longer than it was known to must not keep the answers of the others.
    const bool is_last = i + 1 == tickets.size();
    if (is_last) parts_.scheduler.NoteReturning(slot);
    if (is_last || took > parts_.scheduler.quantum()) {
      Deliver(completions_);
      completions_.clear();
    }
  }
}

void Worker::RunBatch(WorkerSlot& slot) {
  const std::span tickets(slot.assignment.tickets);
  const SteadyTime began = parts_.clock.Now();
  std::deque<TicketContext> contexts;
  std::vector<BatchMember> members;
  std::vector<Ticket*> running;
  for (const std::unique_ptr<Ticket>& ticket : tickets) {
    if (!IsWanted(*ticket, began)) {
      GiveUp(*ticket, began);
      continue;
    }
    contexts.emplace_back(*ticket, parts_.pending, parts_.clock);
    members.push_back({&ticket->call, &contexts.back(), {}});
    running.push_back(ticket.get());
  }
  SteadyTime finished = began;
  if (!running.empty()) {
    const Ticket& any = *running.front();
    const std::stop_token stop = slot.assignment.batch_stop->get_token();
    const std::optional<Error> failed = Guarded([&] { any.handler->HandleBatch(members, stop); });
    finished = parts_.clock.Now();
    const std::size_t ran = RanOf(members);
    Account(slot, {any.endpoint->index, finished - began, ran,
                   EndOf(ran == running.size(), failed.has_value(), stop.stop_requested())});
    CountRun(*any.endpoint, ran);
    for (std::size_t i = 0; i < running.size(); ++i) {
      if (failed) members[i].outcome = {{}, failed};
      Reply reply = ToReply(std::move(members[i].outcome), began, finished);
      reply.batch_size = static_cast<std::uint32_t>(running.size());
      running[i]->promise.Keep(std::move(reply));
    }
  }
  shard_.Add(parts_.metrics.tasks, static_cast<double>(tickets.size()));
  // Each has its part of the time: what nobody takes is counted once.
  const Duration each = (finished - began) / static_cast<Duration::rep>(tickets.size());
  for (std::unique_ptr<Ticket>& ticket : tickets) {
    completions_.push_back({std::move(ticket), each});
  }
  parts_.scheduler.NoteReturning(slot);
  Deliver(completions_);
}

}  // namespace baton::serve
