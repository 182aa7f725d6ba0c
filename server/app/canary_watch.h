// Looks how canaries do beside the versions that they are to replace, and takes bad ones back.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>

#include "server/app/model_shelf.h"
#include "server/base/clock.h"
#include "server/serve/canary.h"
#include "server/serve/version_books.h"

namespace baton::app {

// Once a second it notes what each of the two versions has answered so far; the last `window` of
// that is judged (serve::JudgeCanary).
//
// Threads: the shelf's.
class CanaryWatch {
 public:
  explicit CanaryWatch(ModelShelf& shelf) : shelf_(shelf) {}

  void Look(SteadyTime now);

 private:
  // Requests of a version since it was loaded.
  struct Counts {
    std::uint64_t requests = 0;
    std::uint64_t misses = 0;
    std::uint64_t errors = 0;
  };
  struct Note {
    SteadyTime at;
    Counts stable;
    Counts canary;
  };
  struct Trial {
    std::uint64_t stable = 0;  // ServedVersion::identity of those whose counts these are
    std::uint64_t canary = 0;
    std::deque<Note> notes;
  };

  static Counts CountsOf(const api::ServedVersion& version);
  static serve::VersionWindow Since(const Counts& before, const Counts& now);
  void LookAt(const KeptModel& model, SteadyTime now);

  ModelShelf& shelf_;
  std::map<std::string, Trial> trials_;
  SteadyTime looked_;
};

}  // namespace baton::app
