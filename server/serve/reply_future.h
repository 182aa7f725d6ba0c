// A reply on its way from the worker to the conductor: its promise, and the future of it.
#pragma once

#include <utility>

#include "server/serve/reply.h"

namespace baton::serve {

class ReplyFuture;

// std::promise and std::future without a way to wait, which no conductor ever does: it is told by a
// completion, or looks once at the deadline. The standard ones pay for the waiting with a system
// call whenever a promise is kept (glibc's pthread_once wakes all, whether or not anybody sleeps)
// and with two allocations.
//
// Threads: promise and future each belong to one thread at a time. What Keep wrote is seen by
// whoever finds the future ready.
class ReplyPromise {
 public:
  ReplyPromise();
  ~ReplyPromise();
  ReplyPromise(ReplyPromise&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
  ReplyPromise& operator=(ReplyPromise&& other) noexcept {
    std::swap(state_, other.state_);
    return *this;
  }

  // Requires: asked for the first time.
  ReplyFuture future();
  // Requires: not kept yet.
  void Keep(Reply&& reply);

 private:
  friend class ReplyFuture;
  struct State;
  static void Release(State* state);

  State* state_;  // shared with the future; the last of the two frees it
};

class ReplyFuture {
 public:
  ReplyFuture() = default;  // of no promise: never ready
  ~ReplyFuture() { ReplyPromise::Release(state_); }
  ReplyFuture(ReplyFuture&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
  ReplyFuture& operator=(ReplyFuture&& other) noexcept {
    std::swap(state_, other.state_);
    return *this;
  }

  // Never true when the promise was dropped without being kept.
  bool IsReady() const;
  // Requires: it is ready, and was not taken yet.
  Reply Take();

 private:
  friend class ReplyPromise;
  explicit ReplyFuture(ReplyPromise::State* state) : state_(state) {}

  ReplyPromise::State* state_ = nullptr;
};

}  // namespace baton::serve
