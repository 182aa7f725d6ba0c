// One ModelInfer call, from its arrival to its answer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "server/api/answer_response.h"
#include "server/base/clock.h"

namespace baton::api {

// Never reused in the life of the server.
enum class CallId : std::uint64_t {};

// Threads: the one that runs the server's queue. A call that is dropped without an answer ends as
// UNAVAILABLE.
class InferCall {
 public:
  virtual ~InferCall() = default;

  virtual CallId id() const = 0;
  // What the client's deadline left when it came; zero when it had passed already.
  virtual std::optional<Duration> budget() const = 0;
  // By the lower-case name: the first, or the `nth` from 0. Lives as long as the call.
  virtual std::optional<std::string_view> Metadata(std::string_view name,
                                                   std::size_t nth = 0) const = 0;

  // All of it, in the order of their names. What is seen lives as long as the call.
  using MetadataSeen = std::function<void(std::string_view name, std::string_view value)>;
  virtual void ForEachMetadata(const MetadataSeen& seen) const = 0;

  // False while more waits to be read by clients than may: its answer would come on top.
  virtual bool has_room() const = 0;

  // Puts the serialized message into `body`, which keeps its capacity. Once. False where gRPC could
  // not bring it into one piece.
  virtual bool TakeBody(std::string& body) = 0;

  // The one answer. `body` is the serialized response of a prediction or a fallback, and is left as
  // a buffer that may be used again; everything else becomes a status with a sentence. What HTTP
  // says in headers goes as trailing metadata. Nothing else is to be asked of the call afterwards.
  virtual void Finish(const AnswerView& view, std::string& body) = 0;
};

// The number of gRPC's status of an answer.
int GrpcCodeOf(const AnswerView& view);

// Who answers the calls. Threads: the one that runs the server's queue; neither blocks.
class InferenceSink {
 public:
  virtual ~InferenceSink() = default;
  virtual void OnInfer(std::unique_ptr<InferCall> call) = 0;
  // The client left before the answer, or its deadline passed. After OnInfer of the same call.
  virtual void OnCancelled(CallId call) = 0;
};

}  // namespace baton::api
