// ModelInfer calls as they come out of gRPC's completion queue.
#pragma once

#include <cstdint>

#include "server/api/grpc/infer_call.h"
#include "server/api/grpc/inference_service.h"
#include "server/rpc/call_queue.h"
#include "server/rpc/open_tags.h"
#include "server/rpc/unread_answers.h"

namespace baton::api {

// Keeps some calls requested, hands what comes to the sink, and frees each call when gRPC is done
// with it.
//
// Threads: the queue's.
class ArrivingCalls {
 public:
  // All of them outlive it.
  struct Parts {
    InferenceService& service;
    rpc::CallQueue& queue;
    rpc::UnreadAnswers& unread;
    rpc::OpenTags& open_tags;
    InferenceSink& sink;
  };
  explicit ArrivingCalls(const Parts& parts) : parts_(parts) {}

  // Requires: the server has started.
  void Start();
  // Nothing more is requested.
  void Close() { is_closed_ = true; }

 private:
  class Call;
  class Handle;

  void RequestOne();

  const Parts parts_;
  std::uint64_t next_call_ = 0;
  bool is_closed_ = false;
};

}  // namespace baton::api
