// How many connections there may be in all, and which of the loops that accept them has each.
#pragma once

#include <atomic>
#include <cstddef>
#include <optional>
#include <vector>

#include "server/base/mutex.h"

namespace baton::net {

// The kernel wakes whichever loop it likes for a connection, and that one takes many at a time:
// here they are shared out evenly.
//
// Threads: any. Cost: a lock for each connection that opens or closes.
// Invariant: taken() is the sum over the loops, and at most the limit.
class ConnectionPlaces {
 public:
  // Loops count from 0 and are open.
  ConnectionPlaces(std::size_t limit, std::size_t loops);

  // A place for a connection that loop `at` has accepted. Whose it is to be: its own, unless
  // another one that is open has far fewer. Empty when there is none left.
  std::optional<std::size_t> Take(std::size_t at) BATON_EXCLUDES(mutex_);
  // A place at loop `at` and nowhere else; false when there is none left.
  bool TakeHere(std::size_t at) BATON_EXCLUDES(mutex_);
  void GiveBack(std::size_t loop) BATON_EXCLUDES(mutex_);

  // Whether a loop is given connections that others have accepted. Those that it was given before
  // are in taken(loop), and may still be on their way to it.
  void SetOpen(std::size_t loop, bool is_open) BATON_EXCLUDES(mutex_);

  std::size_t taken() const { return taken_; }
  std::size_t taken(std::size_t loop) const BATON_EXCLUDES(mutex_);

 private:
  struct Loop {
    std::size_t taken = 0;
    bool is_open = true;
  };

  std::size_t OwnerOf(std::size_t at) const BATON_REQUIRES(mutex_);

  const std::size_t limit_;
  std::atomic<std::size_t> taken_{0};  // written with mutex_ held
  mutable Mutex mutex_;
  std::vector<Loop> loops_ BATON_GUARDED_BY(mutex_);
};

}  // namespace baton::net
