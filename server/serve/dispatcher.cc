// The way of a ticket: in at the door, taken by a worker, or given up.
#include "server/serve/dispatcher.h"

#include <algorithm>
#include <utility>

namespace baton::serve {
namespace {

constexpr Duration kQuotasEvery = 100ms;
constexpr Duration kSmallestZombie = 1s;
constexpr int kZombieRuns = 10;  // times its q99

}  // namespace

void Assignment::Clear() {
  tickets.clear();
  batch_stop.reset();
  shed.clear();
}

Dispatcher::Dispatcher(const Options& options, std::size_t endpoints)
    : options_(options),
      limits_(options.limits),
      books_(endpoints, EndpointBook({.forced_error = options.forced_error})) {}

Dispatcher::~Dispatcher() = default;

void Dispatcher::SetPolicies(std::span<const EndpointPolicy> policies) {
  while (books_.size() < policies.size()) {
    books_.emplace_back(ServiceEstimate::Options{.forced_error = options_.forced_error});
  }
  for (std::size_t i = 0; i < policies.size(); ++i) {
    books_[i].SetPolicy(policies[i]);
  }
  quotas_at_ = SteadyTime();
}

// The door.

Dispatcher::Submitted Dispatcher::Submit(std::unique_ptr<Ticket>& ticket, SteadyTime now) {
  const std::uint32_t endpoint = ticket->endpoint->index;
  Observe(*ticket, now);
  const ServicePrediction service = Predict(*ticket, now);
  const RequestView request{ticket->call.body.size(), ticket->due, ticket->criticality};
  Submitted submitted;
  submitted.decision =
      Decide(options_.policy, ViewOf(endpoint, ticket->due, now), service, limits_, request, now);
  if (!submitted.decision.admit) {
    submitted.drain = PredictedDrain(now);
    return submitted;
  }
  if (submitted.decision.is_probe) books_[endpoint].NoteProbe(now);
  const bool is_by_prediction = submitted.decision.allowance >= service.allowance;
  ticket->largest_allowance = is_by_prediction ? Duration::max() : submitted.decision.allowance;
  submitted.latest_start = ticket->due - submitted.decision.allowance;
  submitted.handle = Insert(std::move(ticket), service, now);
  return submitted;
}

void Dispatcher::Observe(const Ticket& ticket, SteadyTime now) {
  const Duration budget = ticket.deadline.budget();
  ahead_.Advance(now);
  if (books_[ticket.endpoint->index].ahead) books_[ticket.endpoint->index].ahead->Advance(now);
  budgets_.Note(budget, now);
  books_[ticket.endpoint->index].NoteArrival(budget, now);
  if (now - quotas_at_ >= kQuotasEvery) UpdateQuotas(now);
  const auto workers = static_cast<Duration::rep>(std::max<std::size_t>(workers_.alive(), 1));
  standing_.Observe((workers_.Residual(now) + ahead_.total()) / workers, budget, budgets_.largest(),
                    now);
}

ServicePrediction Dispatcher::Predict(const Ticket& ticket, SteadyTime now) const {
  return books_[ticket.endpoint->index].Predict(ticket.deadline.budget(), workers_.alive(), now);
}

LoadView Dispatcher::ViewOf(std::uint32_t endpoint, SteadyTime due, SteadyTime now) {
  EndpointBook& book = books_[endpoint];
  LoadView load;
  load.waiting = lanes_.size();
  load.waiting_bytes = lanes_.body_bytes();
  load.is_draining = is_draining_;
  load.workers = std::max<std::size_t>(workers_.alive(), 1);
  load.is_worker_idle = IsWorkerIdle(endpoint);
  if (workers_.alive() > 0) {
    const Duration ahead =
        std::max(ahead_.Ahead(due) - book.SharedWork(load.workers, now), Duration::zero());
    const WorkerTable::Level level = workers_.FreeAfter(ahead, now);
    load.free_after = level.time;
    load.free_workers = level.workers;
  }
  // Those of other endpoints may be much longer than what waits ahead.
  load.mean_run = std::min(workers_.MeanRun(), book.BatchMean(book.batch().max_size));
  load.alpha = standing_.alpha();
  load.may_probe = book.MayProbe(now);
  load.quota = book.Quota(load.workers);
  if (book.ahead && load.quota < load.workers) {
    load.endpoint_ahead = book.ahead->Ahead(due);
    load.endpoint_residual = workers_.Residual(endpoint, now);
  }
  return load;
}

ReadyLanes::Handle Dispatcher::Insert(std::unique_ptr<Ticket> ticket,
                                      const ServicePrediction& service, SteadyTime now) {
  const std::uint32_t endpoint = ticket->endpoint->index;
  EndpointBook& book = books_[endpoint];
  ticket->work = ahead_.Add(ticket->due, service.mean);
  ticket->endpoint_work.reset();
  if (book.ahead) ticket->endpoint_work = book.ahead->Add(ticket->due, service.mean);
  const bool may_batch = book.is_batched() && ticket->handler->CanBatch();
  const std::uint32_t lane =
      may_batch ? lanes_.BatchLaneOf(*ticket, book.IsLong(ticket->deadline.budget()))
                : lanes_.LaneOf(endpoint);
  const SteadyTime order = options_.policy == SchedulingPolicy::kFifo ? now : ticket->due;
  return lanes_.Insert(lane, order, std::move(ticket));
}

void Dispatcher::Forget(const Ticket& leaving) {
  ahead_.Remove(leaving.work);
  EndpointBook& book = books_[leaving.endpoint->index];
  if (leaving.endpoint_work && book.ahead) book.ahead->Remove(*leaving.endpoint_work);
}

std::unique_ptr<Ticket> Dispatcher::Withdraw(ReadyLanes::Handle handle) {
  std::unique_ptr<Ticket> ticket = lanes_.Erase(handle);
  if (ticket) Forget(*ticket);
  return ticket;
}

std::optional<SteadyTime> Dispatcher::LatestStart(ReadyLanes::Handle handle, SteadyTime now) const {
  const Ticket* const ticket = lanes_.Find(handle);
  if (ticket == nullptr) return std::nullopt;
  return ticket->due - AllowanceOf(lanes_.lane(handle.lane), *ticket, now);
}

// Shares of the pool.

// An endpoint whose runs are long for the budgets of the others leaves them a worker.
void Dispatcher::UpdateQuotas(SteadyTime now) {
  quotas_at_ = now;
  for (std::uint32_t i = 0; i < books_.size(); ++i) UpdateQuota(i, now);
}

void Dispatcher::UpdateQuota(std::uint32_t endpoint, SteadyTime now) {
  EndpointBook& book = books_[endpoint];
  const Duration mean = book.estimate().mean();
  Duration smallest = Duration::max();
  for (EndpointBook& other : books_) {
    other.budgets().Advance(now);
    if (&other == &book || other.estimate().mean() > mean / 2) continue;
    smallest = std::min(smallest, other.budgets().smallest());
  }
  book.SetSlow(mean > smallest / 2);
  const bool is_limited = book.Quota(workers_.alive()) < workers_.alive();
  if (is_limited && !book.ahead) book.ahead.emplace();  // kept up from now on
}

bool Dispatcher::IsAtQuota(std::uint32_t endpoint) const {
  const std::size_t workers = workers_.alive();
  return workers_.running(endpoint) >= std::max<std::size_t>(1, books_[endpoint].Quota(workers));
}

// One that would take it at once. Which endpoint a returning worker frees a share of is not asked:
// then nobody at all may be waiting for it.
bool Dispatcher::IsWorkerIdle(std::uint32_t endpoint) const {
  if (!IsAtQuota(endpoint) && workers_.idle() > StartableWaiting()) return true;
  return returning_ > 0 && workers_.idle() + returning_ > lanes_.size();
}

// How many of those who wait would be taken by idle workers.
std::size_t Dispatcher::StartableWaiting() const {
  std::size_t startable = 0;
  for (std::uint32_t i = 0; i < lanes_.lanes(); ++i) {
    const ReadyLanes::Lane& lane = lanes_.lane(i);
    if (!lane.queue.empty() && !IsAtQuota(lane.endpoint)) startable += lane.queue.size();
  }
  return startable;
}

// The worker's side.

void Dispatcher::Take(std::size_t worker, SteadyTime now, Assignment& assignment) {
  next_start_ = SteadyTime::max();
  while (const std::optional<std::uint32_t> lane = ChooseLane(now)) {
    if (IsFirstDoomed(lanes_.lane(*lane), now)) {
      Shed(*lane, now, assignment);
      continue;
    }
    const std::uint32_t endpoint = lanes_.lane(*lane).endpoint;
    Duration predicted = Duration::zero();
    if (lanes_.lane(*lane).handler != nullptr) {
      TakeBatch(*lane, now, assignment, predicted);
    } else {
      TakeTickets(*lane, now, assignment, predicted);
    }
    Start(worker, endpoint, predicted, now, assignment);
    return;
  }
}

// The earliest of the endpoints below their minimum share, else the earliest of those below their
// quota.
std::optional<std::uint32_t> Dispatcher::ChooseLane(SteadyTime now) {
  std::optional<std::uint32_t> chosen;
  bool is_owed = false;  // the chosen one is below its minimum share
  for (std::uint32_t i = 0; i < lanes_.lanes(); ++i) {
    const ReadyLanes::Lane& lane = lanes_.lane(i);
    if (lane.queue.empty() || IsAtQuota(lane.endpoint) || IsHeldBack(lane, now)) continue;
    const bool owed = workers_.running(lane.endpoint) < books_[lane.endpoint].min_workers();
    if (chosen && is_owed && !owed) continue;
    const bool is_earlier =
        !chosen || lane.queue.first_order() < lanes_.lane(*chosen).queue.first_order();
    if (is_earlier || (owed && !is_owed)) {
      chosen = i;
      is_owed = owed;
    }
  }
  return chosen;
}

// Waiting for a larger batch, where the operator allows it: only while every other worker is busy,
// and not beyond what the first one's slack allows.
bool Dispatcher::IsHeldBack(const ReadyLanes::Lane& lane, SteadyTime now) {
  const EndpointBook& book = books_[lane.endpoint];
  if (lane.handler == nullptr || book.batch().max_delay <= Duration::zero()) return false;
  if (workers_.idle() > 1) return false;
  const std::size_t target = book.TargetBatch(workers_.alive(), now);
  if (lane.queue.size() >= target) return false;
  const Ticket& first = lane.queue.first();
  const Duration allowance = book.BatchAllowance(target, first.deadline.budget());
  const SteadyTime until = std::min(first.admitted + book.batch().max_delay, first.due - allowance);
  if (now >= until) return false;
  next_start_ = std::min(next_start_, until);
  return true;
}

// In a batch: of the size aimed at, as far as there are so many.
Duration Dispatcher::AllowanceOf(const ReadyLanes::Lane& lane, const Ticket& ticket,
                                 SteadyTime now) const {
  if (!IsPredictive()) return Duration::zero();
  const EndpointBook& book = books_[lane.endpoint];
  const Duration budget = ticket.deadline.budget();
  if (lane.handler == nullptr) {
    return std::min(Predict(ticket, now).allowance, ticket.largest_allowance);
  }
  const std::size_t size = std::min(book.TargetBatch(workers_.alive(), now), lane.queue.size());
  return std::min(book.BatchAllowance(size, budget), ticket.largest_allowance);
}

bool Dispatcher::IsFirstDoomed(const ReadyLanes::Lane& lane, SteadyTime now) const {
  const Ticket& first = lane.queue.first();
  return now >= first.due || now + AllowanceOf(lane, first, now) > first.due;
}

// The reply is set here: a conductor that withdraws the ticket next finds it in the future.
void Dispatcher::Shed(std::uint32_t lane, SteadyTime now, Assignment& assignment) {
  std::unique_ptr<Ticket> ticket = TakeFirst(lane);
  Reply reply;
  reply.answer = Answer::kTimeout;
  reply.cause = Cause::kExpiredInQueue;
  reply.finished = now;
  ticket->promise.Keep(std::move(reply));
  assignment.shed.push_back(std::move(ticket));
}

std::unique_ptr<Ticket> Dispatcher::TakeFirst(std::uint32_t lane) {
  std::unique_ptr<Ticket> ticket = lanes_.TakeFirst(lane);
  Forget(*ticket);
  return ticket;
}

// The first, and with it as many more as this worker's share of the queue allows and as are known
// to be short: several answers, one wake-up.
void Dispatcher::TakeTickets(std::uint32_t lane, SteadyTime now, Assignment& assignment,
                             Duration& predicted) {
  const std::size_t sharers = workers_.idle();  // this worker among them
  const std::size_t share = std::clamp<std::size_t>(
      lanes_.size() / std::max<std::size_t>(sharers, 1), 1, options_.max_taken);
  const DeadlineQueue& queue = lanes_.lane(lane).queue;
  const EndpointBook& book = books_[lanes_.lane(lane).endpoint];
  const Duration mean = book.estimate().mean();
  while (assignment.tickets.size() < share && !queue.empty()) {
    const Ticket& next = queue.first();
    const bool is_short = mean > Duration::zero() && predicted + mean <= options_.quantum &&
                          next.call.body.size() <= options_.max_taken_body_bytes;
    if (!assignment.tickets.empty() &&
        (!is_short || IsFirstDoomed(lanes_.lane(lane), now) || ChooseLane(now) != lane)) {
      break;
    }
    predicted += mean;
    assignment.tickets.push_back(TakeFirst(lane));
    if (!is_short) break;
  }
}

// The size is the largest with which the first one is still in time; who cannot be served even in
// a batch of the size aimed at was dropped before, so that a doomed head does not decide the size.
void Dispatcher::TakeBatch(std::uint32_t lane, SteadyTime now, Assignment& assignment,
                           Duration& predicted) {
  const EndpointBook& book = books_[lanes_.lane(lane).endpoint];
  const DeadlineQueue& queue = lanes_.lane(lane).queue;
  const Ticket& first = queue.first();
  const std::size_t most = std::min(queue.size(), book.batch().max_size);
  std::size_t size = 1;
  while (size < most && now + book.BatchAllowance(size + 1, first.deadline.budget()) <= first.due) {
    ++size;
  }
  predicted = book.BatchMean(size);
  while (assignment.tickets.size() < size) assignment.tickets.push_back(TakeFirst(lane));
  if (size > 1) assignment.batch_stop.emplace();
}

void Dispatcher::Start(std::size_t worker, std::uint32_t endpoint, Duration predicted,
                       SteadyTime now, const Assignment& assignment) {
  WorkerTable::Run& run = next_run_;
  run.members.clear();
  run.endpoint = endpoint;
  run.batch_stop = assignment.batch_stop;
  run.since = now;
  run.predicted = predicted;
  run.zombie_after = std::max(kSmallestZombie, kZombieRuns * books_[endpoint].estimate().q99());
  for (const std::unique_ptr<Ticket>& ticket : assignment.tickets) {
    run.members.push_back({ticket->id, ticket->stop});
  }
  workers_.Start(worker, std::move(run));
}

bool Dispatcher::Finish(std::size_t worker, std::span<const RunSample> samples, SteadyTime now) {
  const bool must_update = now - quotas_at_ >= kQuotasEvery;
  const std::optional<std::uint32_t> endpoint = workers_.EndpointOf(worker);
  const bool frees_share = endpoint && IsAtQuota(*endpoint);
  workers_.Finish(worker);
  for (const RunSample& sample : samples) books_[sample.endpoint].Learn(sample);
  if (must_update) UpdateQuotas(now);
  return lanes_.size() > 0 && (frees_share || must_update);
}

// Figures.

Duration Dispatcher::PredictedWait(std::uint32_t endpoint, Duration budget, SteadyTime now) {
  ahead_.Advance(now);
  return serve::PredictedWait(ViewOf(endpoint, now + budget, now));
}

Duration Dispatcher::PredictedDrain(SteadyTime now) const {
  const auto workers = static_cast<Duration::rep>(std::max<std::size_t>(workers_.alive(), 1));
  return (workers_.Residual(now) + ahead_.total()) / workers;
}

}  // namespace baton::serve
