// Sums over the workers.
#include "server/serve/worker_table.h"

#include <algorithm>
#include <utility>

#include "server/base/check.h"

namespace baton::serve {
namespace {

bool IsWanted(const WorkerTable::Run& run) {
  return std::any_of(run.members.begin(), run.members.end(),
                     [](const WorkerTable::Member& member) { return member.is_wanted; });
}

}  // namespace

std::size_t WorkerTable::Join() {
  std::size_t worker = 0;
  while (worker < workers_.size() && workers_[worker].is_alive) ++worker;
  if (worker == workers_.size()) workers_.emplace_back();
  workers_[worker].is_alive = true;
  ++alive_;
  rests_at_.reset();
  return worker;
}

void WorkerTable::Leave(std::size_t worker) {
  BATON_CHECK(workers_[worker].is_alive);
  Finish(worker);
  workers_[worker].is_alive = false;
  --alive_;
  rests_at_.reset();
}

void WorkerTable::Start(std::size_t worker, Run&& run) {
  BATON_CHECK(!workers_[worker].is_busy);
  if (running_.size() <= run.endpoint) running_.resize(run.endpoint + 1);
  ++running_[run.endpoint];
  ++busy_;
  predicted_ += run.predicted;
  workers_[worker].is_busy = true;
  std::swap(workers_[worker].run, run);
  rests_at_.reset();
}

void WorkerTable::Finish(std::size_t worker) {
  Worker& finished = workers_[worker];
  if (!finished.is_busy) return;
  --running_[finished.run.endpoint];
  --busy_;
  predicted_ -= finished.run.predicted;
  finished.is_busy = false;
  finished.run.members.clear();
  finished.run.batch_stop.reset();
  rests_at_.reset();
}

std::size_t WorkerTable::running(std::uint32_t endpoint) const {
  return endpoint < running_.size() ? running_[endpoint] : 0;
}

std::optional<std::uint32_t> WorkerTable::EndpointOf(std::size_t worker) const {
  if (!workers_[worker].is_busy) return std::nullopt;
  return workers_[worker].run.endpoint;
}

Duration WorkerTable::RestOf(const Run& run, SteadyTime now) {
  const Duration elapsed = now - run.since;
  if (elapsed < run.predicted) return run.predicted - elapsed;
  return std::max(run.predicted, elapsed) / 4;
}

void WorkerTable::Refresh(SteadyTime now) const {
  if (rests_at_ == now) return;
  rests_.clear();
  residual_ = Duration::zero();
  for (const Worker& worker : workers_) {
    if (!worker.is_alive) continue;
    rests_.push_back(worker.is_busy ? RestOf(worker.run, now) : Duration::zero());
    residual_ += rests_.back();
  }
  std::sort(rests_.begin(), rests_.end());
  rests_at_ = now;
}

WorkerTable::Level WorkerTable::FreeAfter(Duration ahead, SteadyTime now) const {
  Refresh(now);
  Duration rests = Duration::zero();  // of the workers below the level
  std::size_t workers = 0;
  Duration level = Duration::zero();
  do {
    rests += rests_[workers];
    ++workers;
    level = (ahead + rests) / static_cast<Duration::rep>(workers);
  } while (workers < rests_.size() && rests_[workers] < level);
  return {level, workers};
}

Duration WorkerTable::Residual(SteadyTime now) const {
  Refresh(now);
  return residual_;
}

Duration WorkerTable::Residual(std::uint32_t endpoint, SteadyTime now) const {
  Duration sum = Duration::zero();
  for (const Worker& worker : workers_) {
    if (worker.is_busy && worker.run.endpoint == endpoint) sum += RestOf(worker.run, now);
  }
  return sum;
}

Duration WorkerTable::MeanRun() const {
  return busy_ == 0 ? Duration::zero() : predicted_ / static_cast<Duration::rep>(busy_);
}

WorkerTable::Unwanted WorkerTable::Withdraw(RequestId id) {
  for (Worker& worker : workers_) {
    if (!worker.is_busy) continue;
    std::vector<Member>& members = worker.run.members;
    const auto found = std::find_if(members.begin(), members.end(),
                                    [id](const Member& member) { return member.id == id; });
    if (found == members.end()) continue;
    found->is_wanted = false;
    Unwanted unwanted;
    unwanted.is_running = true;
    unwanted.since = worker.run.since;
    unwanted.stop = found->stop;
    if (worker.run.batch_stop && !IsWanted(worker.run))
      unwanted.batch_stop = *worker.run.batch_stop;
    return unwanted;
  }
  return {};
}

std::size_t WorkerTable::Zombies(SteadyTime now) const {
  return static_cast<std::size_t>(
      std::count_if(workers_.begin(), workers_.end(), [now](const Worker& worker) {
        if (!worker.is_busy || now - worker.run.since <= worker.run.zombie_after) return false;
        return !IsWanted(worker.run);
      }));
}

Duration WorkerTable::RanWithin(SteadyTime from, SteadyTime now) const {
  Duration ran = Duration::zero();
  for (const Worker& worker : workers_) {
    if (worker.is_busy) ran += std::max(Duration::zero(), now - std::max(from, worker.run.since));
  }
  return ran;
}

}  // namespace baton::serve
