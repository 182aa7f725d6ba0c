// Requests, one after the other, and a look around in between.
#include "server/app/model_keeper.h"

#include <algorithm>
#include <utility>

#include "server/api/bad_input.h"
#include "server/app/mistakes.h"
#include "server/app/model_changes.h"
#include "server/base/log.h"
#include "server/base/thread_name.h"
#include "server/base/thread_priority.h"

namespace baton::app {
namespace {

constexpr Duration kLookAround = 200ms;
constexpr Duration kLookAtFolderAnyway = 5s;  // what no notification told of

void AddAll(const std::vector<models::Problem>& problems, Mistakes& mistakes) {
  for (const models::Problem& problem : problems) mistakes.Add(ToError(problem));
}

Status ToStatus(const std::vector<models::Problem>& problems) {
  Mistakes mistakes;
  AddAll(problems, mistakes);
  return mistakes.ToStatus();
}

bool AreSame(const models::RepositoryScan& before, const models::RepositoryScan& now) {
  return std::equal(before.models.begin(), before.models.end(), now.models.begin(),
                    now.models.end(), [](const auto& a, const auto& b) {
                      return a.name == b.name && a.fingerprint == b.fingerprint &&
                             std::equal(a.versions.begin(), a.versions.end(), b.versions.begin(),
                                        b.versions.end(), [](const auto& x, const auto& y) {
                                          return x.number == y.number &&
                                                 x.fingerprint == y.fingerprint;
                                        });
                    });
}

// Pipelines after the models that they are made of.
std::vector<const models::ScannedModel*> InOrder(const models::RepositoryScan& scan) {
  std::vector<const models::ScannedModel*> models;
  for (const models::ScannedModel& model : scan.models) models.push_back(&model);
  std::stable_partition(models.begin(), models.end(),
                        [](const auto* model) { return !model->config.pipeline; });
  return models;
}

}  // namespace

ModelKeeper::ModelKeeper(const ModelShelf::Parts& parts, const Options& options,
                         api::HandlerOptions handlers)
    : parts_(parts),
      watches_folder_(options.watches_folder),
      shelf_(parts, std::move(handlers)),
      canaries_(shelf_) {}

ModelKeeper::~ModelKeeper() { Stop(Duration::max()); }

Status ModelKeeper::LoadAll() {
  seen_ = parts_.source.Scan();
  Mistakes mistakes;
  AddAll(seen_.problems, mistakes);
  mistakes.Add(shelf_.Announce(seen_.models));
  for (const models::ScannedModel* const model : InOrder(seen_)) {
    if (!shelf_.models().contains(model->name)) continue;  // said already
    mistakes.Add(shelf_.Update(*model, true));
  }
  return mistakes.ToStatus();
}

void ModelKeeper::Start() {
  Watch();
  MutexLock lock(mutex_);
  has_started_ = true;
  thread_ = std::jthread([this] { Run(); });
}

bool ModelKeeper::Stop(Duration limit) {
  shelf_.StopWarmUps();
  {
    MutexLock lock(mutex_);
    stops_ = true;
    wanted_.NotifyAll();
    const SteadyTime end =
        limit == Duration::max() ? SteadyTime::max() : parts_.clock.Now() + limit;
    while (has_started_ && !has_ended_ && parts_.clock.Now() < end) {
      end == SteadyTime::max() ? ended_.Wait(lock) : static_cast<void>(ended_.WaitUntil(lock, end));
    }
    if (has_started_ && !has_ended_) return false;
  }
  if (thread_.joinable()) thread_.join();
  return true;
}

void ModelKeeper::Change(const control::ModelChange& change, control::ModelsChanged done) {
  {
    MutexLock lock(mutex_);
    if (has_started_ && !stops_) {
      requests_.push_back({change, std::move(done)});
      wanted_.NotifyOne();
      return;
    }
  }
  done(Fail(ErrorCode::kUnavailable, "the server starts or stops: models do not change now"));
}

Result<std::vector<control::ModelState>> ModelKeeper::Do(const control::ModelChange& change) {
  using Kind = control::ModelChange::Kind;
  const std::vector<control::ModelState> before = shelf_.States();
  Status changed;
  switch (change.kind) {
    case Kind::kLoad: changed = Load(change.name); break;
    case Kind::kUnload: changed = shelf_.Unload(change.name); break;
    case Kind::kReload: changed = TakeUp(parts_.source.Scan(), true); break;
  }
  LogModelChanges(before, shelf_.States(), change.who);
  if (!changed) return tl::unexpected<Error>(changed.error());
  std::vector<control::ModelState> states = shelf_.States();
  if (change.kind != Kind::kReload) {
    std::erase_if(states, [&change](const auto& state) { return state.name != change.name; });
  }
  return states;
}

Status ModelKeeper::Load(const std::string& name) {
  const models::RepositoryScan scan = parts_.source.Scan();
  const models::ScannedModel* const model = models::FindModel(scan, name);
  if (model != nullptr) return shelf_.Update(*model, true);
  if (!scan.was_read) return ToStatus(scan.problems);
  return Fail(ErrorCode::kNotFound, "there is no model " + api::Quoted(name), "name");
}

Status ModelKeeper::TakeUp(const models::RepositoryScan& scan, bool retries) {
  if (!scan.was_read) return ToStatus(scan.problems);
  std::vector<std::string> gone;
  for (const auto& [name, model] : shelf_.models()) {
    if (models::FindModel(scan, name) == nullptr) gone.push_back(name);
  }
  for (const std::string& name : gone) shelf_.Forget(name);
  Mistakes mistakes;
  AddAll(scan.problems, mistakes);
  for (const models::ScannedModel* const model : InOrder(scan)) {
    const auto known = shelf_.models().find(model->name);
    if (known != shelf_.models().end() && known->second.is_unloaded) continue;
    mistakes.Add(shelf_.Update(*model, retries));
  }
  return mistakes.ToStatus();
}

void ModelKeeper::Run() {
  NameThisThread("model-keeper");
  WorkInIdleTime();
  while (!Stops()) {
    if (const std::optional<Request> next = Next()) next->done(Do(next->change));
    LookAround();
  }
  const Error over{ErrorCode::kUnavailable, "the server stops: models do not change any more", {}};
  while (const std::optional<Request> next = Next()) next->done(tl::unexpected<Error>(over));
  MutexLock lock(mutex_);
  has_ended_ = true;
  ended_.NotifyAll();
}

bool ModelKeeper::Stops() const {
  MutexLock lock(mutex_);
  return stops_;
}

std::optional<ModelKeeper::Request> ModelKeeper::Next() {
  MutexLock lock(mutex_);
  if (requests_.empty() && !stops_) wanted_.WaitUntil(lock, parts_.clock.Now() + kLookAround);
  if (requests_.empty()) return std::nullopt;
  Request next = std::move(requests_.front());
  requests_.pop_front();
  return next;
}

void ModelKeeper::LookAround() {
  shelf_.FreeWithdrawn();
  canaries_.Look(parts_.clock.Now());
  Watch();
  if (watch_) LookAtFolder();
}

void ModelKeeper::Watch() {
  const bool is_wanted = watches_folder_ && parts_.source.is_folder();
  if (!is_wanted) watch_.reset();
  if (!is_wanted || watch_) return;
  watch_.emplace(parts_.source.directory());
  watch_->Arm(seen_);
  may_have_changed_ = true;  // between the last look and the watch
}

// Taken up once two looks in a row have found the same: half a file is never loaded.
void ModelKeeper::LookAtFolder() {
  const SteadyTime now = parts_.clock.Now();
  if (watch_->Drain() || now - looked_at_folder_ >= kLookAtFolderAnyway) may_have_changed_ = true;
  if (!may_have_changed_) return;
  looked_at_folder_ = now;
  models::RepositoryScan scan = parts_.source.Scan();
  watch_->Arm(scan);
  const bool is_still = AreSame(seen_, scan);
  seen_ = std::move(scan);
  if (!is_still) return;  // looked at again, next time
  may_have_changed_ = false;
  const std::vector<control::ModelState> before = shelf_.States();
  const Status taken = TakeUp(seen_, false);
  LogModelChanges(before, shelf_.States(), "the watched folder");
  if (!taken) {
    if (taken.error().message != last_trouble_) {
      Log(LogLevel::kError, "model_folder", {{"reason", taken.error().message}});
    }
    last_trouble_ = taken.error().message;
  } else {
    last_trouble_.clear();
  }
}

}  // namespace baton::app
