// One admitted request on its way from the conductor to a worker and back.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>

#include "server/base/deadline.h"
#include "server/base/result.h"
#include "server/serve/endpoint.h"
#include "server/serve/endpoint_policy.h"
#include "server/serve/handler.h"
#include "server/serve/reply_future.h"
#include "server/serve/work_ahead.h"

namespace baton::serve {

// Never reused in the life of the process, unlike a file descriptor.
enum class RequestId : std::uint64_t {};

struct Ticket;

// A reply is ready in the future of its ticket, which comes back with it: the worker is done with
// it.
struct Completion {
  std::unique_ptr<Ticket> ticket;
  Duration run_time = Duration::zero();
};

// The conductor, as a worker sees it. Threads: any.
class CompletionSink {
 public:
  virtual ~CompletionSink() = default;
  // Takes them over. One call, one lock, at most one wake-up for all of them.
  virtual void Deliver(std::span<Completion> completions) = 0;
  // The body of `id` asked for an earlier deadline.
  virtual void MoveDeadline(RequestId id, Deadline earlier) = 0;
};

struct Ticket {
  RequestId id{};
  const Endpoint* endpoint = nullptr;
  const Handler* handler = nullptr;
  std::shared_ptr<const void> lease;  // keeps the handler, where it may go while it runs
  Call call;
  Deadline deadline;
  SteadyTime due;  // deadline less guard: when the conductor answers for it
  SteadyTime admitted;
  Criticality criticality = Criticality::kDefault;
  ReplyPromise promise;
  CompletionSink* sink = nullptr;
  std::stop_source stop;     // asked when nobody wants the answer any more
  std::string reply_buffer;  // a used one, for the handler (RunContext::TakeBuffer)

  // The dispatcher's.
  Duration largest_allowance = Duration::max();  // of one admitted against the prediction
  WorkAhead::Entry work;
  std::optional<WorkAhead::Entry> endpoint_work;
};

}  // namespace baton::serve
