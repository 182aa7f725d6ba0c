// The thread that brings models in and out while the server runs.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "server/app/canary_watch.h"
#include "server/app/model_shelf.h"
#include "server/base/clock.h"
#include "server/base/mutex.h"
#include "server/base/result.h"
#include "server/control/control_port.h"
#include "server/models/folder_watch.h"
#include "server/models/model_source.h"

namespace baton::app {

// Loads and warm-ups run on it, in idle time and one after the other: what operators ask
// for, what has changed in a watched folder, and a canary that is worse than what it is to replace.
//
// Threads: Start and Stop one's own; SetWatching, Change and States from any.
class ModelKeeper {
 public:
  struct Options {
    // A change in the model folder is taken up by itself, once it has been still for a moment.
    bool watches_folder = false;
  };
  // Everything outlives it.
  ModelKeeper(const ModelShelf::Parts& parts, const Options& options, api::HandlerOptions handlers);
  ~ModelKeeper();

  // At the start, on the calling thread: all models or none. Errors: everything that is wrong with
  // any of them, a line each.
  Status LoadAll();
  // From now on nothing is run to learn how long it takes. For who only wants to know what loads.
  void StopWarmUps() { shelf_.StopWarmUps(); }
  void Start();
  // From the next look around on.
  void SetWatching(bool watches_folder) { watches_folder_ = watches_folder; }
  // What is under way ends first: false where that has not come about after `limit`.
  bool Stop(Duration limit);

  // The operator's: see control::ControlPort. `done` is called on the keeper's thread, or at once
  // where there is none.
  void Change(const control::ModelChange& change, control::ModelsChanged done)
      BATON_EXCLUDES(mutex_);
  std::vector<control::ModelState> States() const { return shelf_.States(); }

 private:
  struct Request {
    control::ModelChange change;
    control::ModelsChanged done;
  };
  void Run() BATON_EXCLUDES(mutex_);
  bool Stops() const BATON_EXCLUDES(mutex_);
  // The next request, or none when it is time to look around.
  std::optional<Request> Next() BATON_EXCLUDES(mutex_);
  Result<std::vector<control::ModelState>> Do(const control::ModelChange& change);
  Status Load(const std::string& name);
  void LookAround();
  void Watch();
  void LookAtFolder();
  Status TakeUp(const models::RepositoryScan& scan, bool retries);

  // Set once.
  const ModelShelf::Parts parts_;

  // Any thread (atomic).
  std::atomic<bool> watches_folder_;

  // The keeper's thread, once it runs.
  ModelShelf shelf_;
  CanaryWatch canaries_;
  std::optional<models::FolderWatch> watch_;
  models::RepositoryScan seen_;    // the last look at the folder
  bool may_have_changed_ = false;  // since the last one that was taken up
  SteadyTime looked_at_folder_;
  std::string last_trouble_;  // said in the log once

  mutable Mutex mutex_;
  CondVar wanted_;
  std::deque<Request> requests_ BATON_GUARDED_BY(mutex_);
  bool stops_ BATON_GUARDED_BY(mutex_) = false;
  bool has_started_ BATON_GUARDED_BY(mutex_) = false;
  bool has_ended_ BATON_GUARDED_BY(mutex_) = false;
  CondVar ended_;
  std::jthread thread_;  // Start's and Stop's
};

}  // namespace baton::app
