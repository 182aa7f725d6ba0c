// Requests that have been admitted and not yet answered.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "server/base/result.h"
#include "server/serve/ticket.h"

namespace baton::serve {

struct PendingResponse {
  ReplyFuture future;
  Deadline deadline;
  // Where the answer goes: the conductor's own number for the exchange it holds open.
  std::uint32_t record = 0;
};

// A concurrent map keyed by a never-reused id rather than by a descriptor: descriptors are reused,
// and the wrong client would get the answer. Each entry leaves exactly once, through Claim(), by
// whichever of completion, deadline timer or disconnect gets there first; the others find nothing,
// and count it.
//
// Invariant: added() == claimed() + size().
// Threads: any.
class PendingResponses {
 public:
  explicit PendingResponses(std::size_t limit);
  ~PendingResponses();

  // Requires: id not present. kResourceExhausted when the map is at its limit (cause pending_full).
  Status Add(RequestId id, PendingResponse response);

  // Takes the entry out. Empty when somebody else has claimed it: the caller must not answer.
  std::optional<PendingResponse> Claim(RequestId id);

  // A hint for workers: a request that is no longer pending is not worth starting.
  bool IsPending(RequestId id) const;

  // Its `record`, without claiming it; empty when it is not pending.
  std::optional<std::uint32_t> RecordOf(RequestId id) const;

  std::size_t size() const;
  std::size_t limit() const { return limit_.load(std::memory_order_relaxed); }
  // Those that are there stay, however many they are.
  void SetLimit(std::size_t limit) { limit_.store(limit, std::memory_order_relaxed); }
  std::uint64_t added() const;
  std::uint64_t claimed() const;

 private:
  struct Map;
  std::atomic<std::size_t> limit_;
  std::unique_ptr<Map> map_;
};

}  // namespace baton::serve
