// One admitted request on its way from the conductor to a worker and back.
#pragma once

#include <cstdint>
#include <future>
#include <optional>
#include <span>
#include <stop_token>
#include <string>

#include "server/base/deadline.h"
#include "server/base/result.h"
#include "server/serve/answer.h"
#include "server/serve/endpoint.h"
#include "server/serve/endpoint_policy.h"
#include "server/serve/handler.h"
#include "server/serve/work_ahead.h"

namespace baton::serve {

// Never reused in the life of the process, unlike a file descriptor.
enum class RequestId : std::uint64_t {};

// What came back from the pool.
struct Reply {
  Answer answer = Answer::kError;
  Cause cause = Cause::kNone;
  std::string body;            // JSON of a prediction
  std::optional<Error> error;  // of everything else
  std::size_t own_begin = 0;   // see Outcome
  std::size_t own_size = 0;
  SteadyTime started;  // run began; the default when it never did
  SteadyTime finished;
};

// A reply is ready in the future of `id`. What the conductor needs if nobody is left to take it
// comes along.
struct Completion {
  RequestId id;
  const Endpoint* endpoint;
  Duration run_time;
};

// The conductor, as a worker sees it. Threads: any.
class CompletionSink {
 public:
  virtual ~CompletionSink() = default;
  // One call, one lock, at most one wake-up for all of them.
  virtual void Deliver(std::span<const Completion> completions) = 0;
  // The body of `id` asked for an earlier deadline.
  virtual void MoveDeadline(RequestId id, Deadline earlier) = 0;
};

struct Ticket {
  RequestId id{};
  const Endpoint* endpoint = nullptr;
  const Handler* handler = nullptr;
  Call call;
  Deadline deadline;
  SteadyTime due;  // deadline less guard: when the conductor answers for it
  SteadyTime admitted;
  Criticality criticality = Criticality::kDefault;
  std::promise<Reply> promise;
  CompletionSink* sink = nullptr;
  std::stop_source stop;  // asked when nobody wants the answer any more

  // The dispatcher's.
  Duration largest_allowance = Duration::max();  // of one admitted against the prediction
  WorkAhead::Entry work;
  std::optional<WorkAhead::Entry> endpoint_work;
};

}  // namespace baton::serve
