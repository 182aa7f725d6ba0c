// Answers on their way to clients that may not read them.
#pragma once

#include <cstddef>
#include <list>

#include <grpcpp/alarm.h>
#include <grpcpp/grpcpp.h>

#include "server/base/clock.h"
#include "server/rpc/call_queue.h"
#include "server/rpc/open_tags.h"
#include "server/rpc/queue_tag.h"

namespace baton::rpc {

// Counts what gRPC holds of them, and cancels the calls of clients that take too long to read one.
//
// Threads: the one that is given, or the queue's.
class UnreadAnswers {
 public:
  struct Limits {
    std::size_t bytes = 0;  // of all
    Duration time{0};       // for one to go
  };
  // All of them outlive it.
  UnreadAnswers(CallQueue& queue, OpenTags& open_tags, const Clock& clock, const Limits& limits,
                TagThread* thread = nullptr)
      : queue_(queue),
        open_tags_(open_tags),
        clock_(clock),
        limits_(limits),
        swept_(*this, thread) {}

  // False while more waits to be read than may.
  bool has_room() const { return bytes_ <= limits_.bytes; }

  struct Unread {
    grpc::ServerContext& call;
    std::size_t bytes = 0;
    SteadyTime since;
    bool is_cancelled = false;
  };
  using Place = std::list<Unread>::iterator;

  // An answer of `call` goes now; the call outlives its place.
  Place Add(grpc::ServerContext& call, std::size_t bytes);
  // It has gone, or its call has been cut off.
  void Remove(Place place);

  // Nothing is added any more.
  void Close();

 private:
  void OnSweep(bool ok);
  void ArmSweep();

  CallQueue& queue_;
  OpenTags& open_tags_;
  const Clock& clock_;
  const Limits limits_;
  std::size_t bytes_ = 0;
  std::list<Unread> unread_;  // the oldest first
  bool is_sweep_armed_ = false;
  bool is_closed_ = false;
  grpc::Alarm sweep_;
  TagOf<UnreadAnswers, &UnreadAnswers::OnSweep> swept_;
};

}  // namespace baton::rpc
