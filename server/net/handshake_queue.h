// Handshakes of one loop, a few at a time: who is connected already comes first.
#pragma once

#include <list>

#include "server/net/event_loop.h"

namespace baton::net {

// A step of a handshake takes as long as many requests. A turn runs what fits into a short slice of
// time, one at least, behind the ready descriptors; while others wait the queue then rests for as
// long: a flood of handshakes gets half of the loop's time, and nobody waits for more than one of
// them.
//
// Threads: the loop's.
class HandshakeQueue {
 public:
  class Waiting {
   public:
    virtual ~Waiting() = default;
    // Its turn has come; it is out of the queue.
    virtual void TakeHandshakeStep() = 0;
  };
  using Place = std::list<Waiting*>::iterator;

  explicit HandshakeQueue(EventLoop& loop) : loop_(loop) {}

  Place Add(Waiting& waiting) BATON_REQUIRES(on_loop);
  // Requires: `place` is of Add, and its turn has not come.
  void Remove(Place place) BATON_REQUIRES(on_loop) { waiting_.erase(place); }

 private:
  void Arm() BATON_REQUIRES(on_loop);
  void RunSome() BATON_REQUIRES(on_loop);

  EventLoop& loop_;
  std::list<Waiting*> waiting_ BATON_GUARDED_BY(on_loop);
  SteadyTime rests_until_ BATON_GUARDED_BY(on_loop);
  bool is_armed_ BATON_GUARDED_BY(on_loop) = false;
};

}  // namespace baton::net
