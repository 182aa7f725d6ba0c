// The calls that need no ticket, as they come out of gRPC's completion queue.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <utility>

#include <grpcpp/generic/async_generic_service.h>

#include "server/base/clock.h"
#include "server/rpc/call_queue.h"
#include "server/rpc/open_tags.h"
#include "server/rpc/plain_method.h"
#include "server/rpc/unread_answers.h"

namespace baton::rpc {

// Keeps some calls requested, answers each by its method, and frees it when gRPC is done with it.
// One message at a time of each comes in, and goes out: the next is read when the last answer has
// gone. What is called and not there is UNIMPLEMENTED, what is open too often RESOURCE_EXHAUSTED.
//
// Threads: the one that is given, or the queue's.
class PlainCalls {
 public:
  // All of them outlive it.
  struct Parts {
    grpc::AsyncGenericService& service;
    CallQueue& queue;
    const PlainMethods& methods;
    UnreadAnswers& unread;
    OpenTags& open_tags;
    const Clock& clock;
    TagThread* thread = nullptr;
  };
  // How an answer to one message ended. Streams are not told of: they last as long as the client
  // likes; nor are calls of methods that are not there: their names are the client's text.
  using Told = std::function<void(const std::string& method, grpc::StatusCode code, Duration took)>;

  explicit PlainCalls(const Parts& parts, Told told = nullptr)
      : parts_(parts), told_(std::move(told)) {}

  // Requires: the server has started.
  void Start();
  // What is watched may have changed.
  void TellWatchers();
  // Feeds may have something to say.
  void TellFeeds();
  // Nothing more is requested, and what stays open is cut off; feeds, which may be at their end,
  // when the server's grace is over.
  void Close();

 private:
  class Call;

  void RequestOne();
  bool HasRoomFor(const PlainMethod& method) const;

  const Parts parts_;
  const Told told_;
  std::set<Call*> streams_;  // and watches
  bool is_closed_ = false;
};

}  // namespace baton::rpc
