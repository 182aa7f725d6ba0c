// The simulation's events.
#include "tests/serve/simulation.h"

#include <algorithm>
#include <deque>
#include <memory>
#include <queue>
#include <utility>

#include "tests/support/fake_serve.h"

namespace baton::serve {
namespace {

using testing_support::IdOf;

constexpr SteadyTime kStart{1s};

struct BatchableHandler final : Handler {
  Outcome Handle(const Call&, RunContext&) const override { return {}; }
  bool CanBatch() const override { return true; }
};

// Surroundings as a scheduler, its conductors and its workers are: who is woken when, what is
// asked at which timer, and how runs end.
class Simulation {
 public:
  explicit Simulation(const Workload& workload)
      : workload_(workload),
        random_(workload.seed),
        endpoints_(workload.service.size()),
        dispatcher_(workload.options, workload.service.size()),
        checks_(dispatcher_, workload.options.policy, workload.service.size(), workload.policies) {
    for (std::uint32_t i = 0; i < endpoints_.size(); ++i) endpoints_[i].index = i;
    if (!workload.policies.empty()) dispatcher_.SetPolicies(workload.policies);
    if (workload.has_warm_up_runs) WarmUp();
    Resize(workload.workers);
    result_.traffic.resize(workload.traffic.size());
  }

  SimulationResult Run() {
    for (std::size_t i = 0; i < workload_.traffic.size(); ++i) ScheduleArrival(i);
    for (const auto& [at, workers] : workload_.resizes) At(kStart + at, Kind::kResize, workers);
    if (workload_.drains_at) At(kStart + *workload_.drains_at, Kind::kDrain, 0);
    while (!events_.empty()) {
      const Event event = events_.top();
      events_.pop();
      now_ = AfterJump(event.at);
      Handle(event);
      checks_.Settled(Asleep());
      result_.most_waiting = std::max(result_.most_waiting, dispatcher_.waiting());
    }
    result_.seconds = ToSeconds(workload_.length);
    for (const Outcomes& one : result_.traffic) result_.all += one;
    result_.violations = checks_.violations();
    for (const Request& request : requests_) {
      if (!request.is_answered) ++result_.violations.unanswered;
    }
    return std::move(result_);
  }

 private:
  enum class Kind { kArrival, kFinish, kLatestStart, kDue, kLeave, kWake, kResize, kDrain };
  struct Event {
    SteadyTime at;
    std::uint64_t order;
    Kind kind;
    std::uint64_t subject;  // traffic, run, request, worker or size

    bool operator<(const Event& other) const {
      return at != other.at ? at > other.at : order > other.order;
    }
  };
  struct Request {
    std::size_t traffic = 0;
    SteadyTime due;
    SteadyTime deadline;
    Duration service = Duration::zero();
    ReadyLanes::Handle handle;
    bool is_answered = false;
    bool is_counted = false;
  };
  struct Worker {
    bool is_alive = false;
    std::uint64_t serial = 0;  // of the run; 0: it sleeps
    std::vector<std::uint64_t> members;
    std::size_t current = 0;  // of the members, where they run one by one
    bool is_batch = false;
    SteadyTime since;
    std::vector<RunSample> samples;
  };

  // Time.

  void At(SteadyTime at, Kind kind, std::uint64_t subject) {
    events_.push({std::max(at, now_), ++event_order_, kind, subject});
  }
  // What would have happened while the machine stood still happens after.
  SteadyTime AfterJump(SteadyTime at) const {
    if (!workload_.jump || at < kStart + workload_.jump->at) return at;
    return std::max(at, kStart + workload_.jump->at + workload_.jump->by);
  }
  SteadyTime CountedFrom() const { return kStart + workload_.warm_up; }
  SteadyTime end() const { return CountedFrom() + workload_.length; }

  void Handle(const Event& event) {
    switch (event.kind) {
      case Kind::kArrival: Arrive(event.subject); break;
      case Kind::kFinish: Finish(event.subject); break;
      case Kind::kLatestStart: GiveUpIfDoomed(event.subject); break;
      case Kind::kDue: Decide(event.subject, &Outcomes::expired); break;
      case Kind::kLeave: Decide(event.subject, &Outcomes::left); break;
      case Kind::kWake: Wake(event.subject); break;
      case Kind::kResize: Resize(event.subject); break;
      case Kind::kDrain: dispatcher_.BeginDrain(); break;
    }
  }

  // Clients.

  // A Poisson process of varying rate, by thinning (Lewis and Shedler, 1979).
  void ScheduleArrival(std::size_t traffic) {
    constexpr double kHighestPhase = 4;
    const double most = workload_.phase ? kHighestPhase : 1;
    std::exponential_distribution<double> gap(workload_.traffic[traffic].per_second * most);
    for (SteadyTime at = now_ + Scale(1s, gap(random_)); at < end();
         at += Scale(1s, gap(random_))) {
      const double phase = workload_.phase ? workload_.phase(at - kStart) : 1;
      if (Uniform() * most >= phase) continue;
      At(at, Kind::kArrival, traffic);
      return;
    }
  }

  double Uniform() { return std::uniform_real_distribution<double>()(random_); }

  Request MakeRequest(std::size_t traffic) {
    const Traffic& kind = workload_.traffic[traffic];
    Request request;
    request.traffic = traffic;
    request.deadline = now_ + kind.budget;
    request.due = request.deadline - std::min<Duration>(1ms, kind.budget / 10);
    request.service = workload_.service[kind.endpoint](random_);
    if (now_ > CountedFrom() + workload_.length / 2) {
      request.service = Scale(request.service, workload_.service_factor_after_half);
    }
    request.is_counted = now_ >= CountedFrom();
    return request;
  }

  std::unique_ptr<Ticket> MakeTicket(std::uint64_t id) {
    const Traffic& kind = workload_.traffic[requests_[id].traffic];
    auto ticket = testing_support::MakeTicket(id, endpoints_[kind.endpoint], requests_[id].due);
    ticket->handler = &handler_;
    ticket->deadline = Deadline(now_, kind.budget);
    ticket->criticality = kind.criticality;
    ticket->admitted = now_;
    return ticket;
  }

  void Arrive(std::size_t traffic) {
    ScheduleArrival(traffic);
    const Traffic& kind = workload_.traffic[traffic];
    const std::uint64_t id = requests_.size();
    requests_.push_back(MakeRequest(traffic));
    Request& request = requests_[id];
    if (request.is_counted) ++result_.traffic[traffic].offered;

    std::unique_ptr<Ticket> ticket = MakeTicket(id);
    const Ticket* const admitted = ticket.get();
    const Dispatcher::Submitted submitted = dispatcher_.Submit(ticket, now_);
    if (!submitted.decision.admit) {
      Answer(id, &Outcomes::refused);
    } else {
      checks_.Admitted(kind.endpoint, request.due, admitted->work.work);
      request.handle = submitted.handle;
      At(submitted.latest_start, Kind::kLatestStart, id);
      At(request.due, Kind::kDue, id);
      if (Uniform() < kind.leave_share) At(now_ + Scale(kind.budget, Uniform()), Kind::kLeave, id);
    }
    WakeSome(dispatcher_.waiting());
  }

  void Answer(std::uint64_t id, std::uint64_t Outcomes::*how) {
    Request& request = requests_[id];
    if (request.is_answered) ++checks_.violations().answered_twice;
    request.is_answered = true;
    if (how == &Outcomes::good) CountGood();
    if (!request.is_counted) return;
    Outcomes& outcomes = result_.traffic[request.traffic];
    ++(outcomes.*how);
    if (now_ > request.deadline) ++outcomes.late;
  }

  void CountGood() {
    const auto slice = static_cast<std::size_t>((now_ - kStart) / SimulationResult::kSlice);
    if (result_.good_slices.size() <= slice) result_.good_slices.resize(slice + 1);
    ++result_.good_slices[slice];
  }

  // A conductor's timers.

  void GiveUpIfDoomed(std::uint64_t id) {
    if (requests_[id].is_answered) return;
    const auto latest = dispatcher_.LatestStart(requests_[id].handle, now_);
    if (!latest) return;
    if (*latest > now_) {
      At(*latest, Kind::kLatestStart, id);
    } else {
      Decide(id, &Outcomes::shed);
    }
  }

  // Without a prediction: out of the queue, or its run is stopped.
  void Decide(std::uint64_t id, std::uint64_t Outcomes::*how) {
    if (requests_[id].is_answered) return;
    Answer(id, how);
    if (const auto ticket = dispatcher_.Withdraw(requests_[id].handle)) {
      checks_.Left(*ticket);
      return;
    }
    WorkerTable::Unwanted unwanted = dispatcher_.WithdrawRunning(RequestId{id});
    if (!unwanted.is_running || !workload_.stops_when_unwanted) return;
    const bool is_stopped =
        IsInBatch(id) ? unwanted.batch_stop.request_stop() : unwanted.stop.request_stop();
    if (is_stopped) StopRunOf(id);
  }

  bool IsInBatch(std::uint64_t id) const {
    return std::any_of(workers_.begin(), workers_.end(), [id](const Worker& worker) {
      return worker.serial != 0 && worker.is_batch &&
             std::find(worker.members.begin(), worker.members.end(), id) != worker.members.end();
    });
  }

  void StopRunOf(std::uint64_t id) {
    for (std::size_t i = 0; i < workers_.size(); ++i) {
      const Worker& worker = workers_[i];
      if (worker.serial == 0) continue;
      const auto at = std::find(worker.members.begin(), worker.members.end(), id);
      if (at == worker.members.end()) continue;
      const bool is_its = worker.is_batch || worker.members[worker.current] == id;
      if (is_its) EndRun(i, RunSample::End::kCancelled);
      return;
    }
  }

  // Workers.

  void WarmUp() {
    for (std::uint32_t i = 0; i < workload_.service.size(); ++i) {
      std::vector<Duration> single, full;
      EndpointBook& book = dispatcher_.book(i);
      for (int run = 0; run < 8; ++run) {
        single.push_back(workload_.service[i](random_));
        if (book.is_batched()) full.push_back(BatchTimeOf(single.back(), book.batch().max_size));
      }
      book.Warm(single, full, true);
    }
  }

  Duration BatchTimeOf(Duration longest, std::size_t size) const {
    const double a = workload_.batch_fixed;
    return Scale(longest, a + (1 - a) * static_cast<double>(size));
  }

  std::size_t Asleep() const {
    return static_cast<std::size_t>(
        std::count_if(workers_.begin(), workers_.end(),
                      [](const Worker& worker) { return worker.is_alive && worker.serial == 0; }));
  }

  void Resize(std::size_t wanted) {
    wanted_ = wanted;
    while (dispatcher_.workers().alive() < wanted) {
      const std::size_t worker = dispatcher_.Join();
      if (workers_.size() <= worker) workers_.resize(worker + 1);
      workers_[worker].is_alive = true;
    }
    WakeSome(workers_.size());
  }

  void WakeSome(std::size_t count) {
    for (std::size_t i = 0; i < workers_.size() && count > 0; ++i) {
      if (!workers_[i].is_alive || workers_[i].serial != 0) continue;
      Wake(i);
      --count;
    }
  }

  void Wake(std::size_t worker) {
    if (!workers_[worker].is_alive || workers_[worker].serial != 0) return;
    if (dispatcher_.workers().alive() > wanted_) {
      dispatcher_.Leave(worker);
      workers_[worker].is_alive = false;
      if (dispatcher_.waiting() > 0) WakeSome(1);
      return;
    }
    Assignment assignment;
    dispatcher_.Take(worker, now_, assignment);
    for (const auto& ticket : assignment.shed) {
      checks_.Left(*ticket);
      Answer(IdOf(*ticket), &Outcomes::shed);
    }
    if (!assignment.tickets.empty()) {
      Begin(worker, assignment);
    } else if (dispatcher_.next_start() != SteadyTime::max()) {
      At(dispatcher_.next_start(), Kind::kWake, worker);
    }
  }

  void Begin(std::size_t number, const Assignment& assignment) {
    checks_.Starts(assignment, now_);
    Worker& worker = workers_[number];
    worker.members.clear();
    for (const auto& ticket : assignment.tickets) worker.members.push_back(IdOf(*ticket));
    worker.current = 0;
    worker.is_batch = assignment.batch_stop.has_value();
    BeginRun(number);
  }

  void BeginRun(std::size_t number) {
    Worker& worker = workers_[number];
    worker.serial = ++last_serial_;
    worker.since = now_;
    NoteDrawn(worker);
    Duration takes = requests_[worker.members[worker.current]].service;
    if (worker.is_batch) {
      for (const std::uint64_t id : worker.members) takes = std::max(takes, requests_[id].service);
      takes = BatchTimeOf(takes, worker.members.size());
    }
    At(now_ + takes, Kind::kFinish, worker.serial * 1024 + number);
  }

  void NoteDrawn(const Worker& worker) {
    const std::size_t size = worker.is_batch ? worker.members.size() : 1;
    for (std::size_t i = 0; i < size; ++i) {
      const Request& request = requests_[worker.members[worker.current + i]];
      result_.drawn += request.service;
      ++result_.begun;
    }
  }

  void Finish(std::uint64_t subject) {
    const std::size_t worker = subject % 1024;
    if (workers_[worker].serial == subject / 1024) EndRun(worker, RunSample::End::kWhole);
  }

  // Of a batch, or of the current one of those that run one by one.
  void EndRun(std::size_t number, RunSample::End how) {
    Worker& worker = workers_[number];
    const std::size_t size = worker.is_batch ? worker.members.size() : 1;
    const Duration took = now_ - worker.since;
    result_.busy += took;
    for (std::size_t i = 0; i < size; ++i) {
      const std::uint64_t id = worker.members[worker.current + i];
      if (requests_[id].is_answered) {
        result_.wasted += took / static_cast<Duration::rep>(size);
      } else {
        Answer(id, &Outcomes::good);
      }
    }
    worker.samples.push_back({EndpointOf(worker), took, size, how});
    worker.current += size;
    while (worker.current < worker.members.size() && !IsWanted(worker.members[worker.current])) {
      ++worker.current;
    }
    worker.current < worker.members.size() ? BeginRun(number) : Return(number);
  }

  bool IsWanted(std::uint64_t id) const {
    return !requests_[id].is_answered && now_ < requests_[id].due;
  }

  std::uint32_t EndpointOf(const Worker& worker) const {
    return workload_.traffic[requests_[worker.members.front()].traffic].endpoint;
  }

  void Return(std::size_t number) {
    Worker& worker = workers_[number];
    worker.serial = 0;
    checks_.Finished(EndpointOf(worker));
    const bool may_wake = dispatcher_.Finish(number, worker.samples, now_);
    worker.samples.clear();
    Wake(number);
    if (may_wake) WakeSome(1);
  }

  const Workload& workload_;
  Random random_;
  std::deque<Endpoint> endpoints_;
  const BatchableHandler handler_;
  Dispatcher dispatcher_;
  DispatchChecks checks_;
  SteadyTime now_ = kStart;
  std::priority_queue<Event> events_;
  std::uint64_t event_order_ = 0;
  std::vector<Request> requests_;
  std::vector<Worker> workers_;
  std::size_t wanted_ = 0;
  std::uint64_t last_serial_ = 0;
  SimulationResult result_;
};

}  // namespace

Outcomes& Outcomes::operator+=(const Outcomes& other) {
  offered += other.offered;
  good += other.good;
  refused += other.refused;
  shed += other.shed;
  expired += other.expired;
  left += other.left;
  late += other.late;
  return *this;
}

double Outcomes::GoodShare() const {
  return offered == 0 ? 0 : static_cast<double>(good) / static_cast<double>(offered);
}

double SimulationResult::GoodPerSecond(Duration from, Duration to) const {
  std::uint64_t sum = 0;
  for (auto slice = static_cast<std::size_t>(from / kSlice);
       slice < static_cast<std::size_t>(to / kSlice) && slice < good_slices.size(); ++slice) {
    sum += good_slices[slice];
  }
  return static_cast<double>(sum) / ToSeconds(to - from);
}

double SimulationResult::WastedShare() const {
  return busy == Duration::zero() ? 0 : ToSeconds(wasted) / ToSeconds(busy);
}

double SimulationResult::MeanDrawnSeconds() const {
  return begun == 0 ? 0 : ToSeconds(drawn) / static_cast<double>(begun);
}

SimulationResult Simulate(const Workload& workload) { return Simulation(workload).Run(); }

}  // namespace baton::serve
