// The conductor's own notes on the requests it holds open, in a table of reused rows.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "server/base/deadline.h"
#include "server/http/session.h"
#include "server/net/event_loop.h"
#include "server/serve/deadline_queue.h"
#include "server/serve/ticket.h"

namespace baton::app {

struct RequestRecord {
  const serve::Endpoint* endpoint = nullptr;
  http::ConnectionId connection{};
  http::ExchangeId exchange{};
  Deadline deadline;
  SteadyTime due;           // deadline less guard
  bool has_budget = false;  // a budget was granted
  bool explain = false;     // Baton-Explain: 1

  // While it is pending.
  serve::RequestId id{};
  net::EventLoop::TimerId timer;
  SteadyTime answer_at;  // when the timer runs: due, or earlier in a crowd
  serve::DeadlineQueue::Handle handle;

  // What happened when; the default where it did not.
  SteadyTime admitted;
  SteadyTime started;
  SteadyTime finished;
  SteadyTime answered;

  serve::Answer answer = serve::Answer::kNone;
  serve::Cause cause = serve::Cause::kNone;
};

// Threads: one at a time.
class RequestRecords {
 public:
  using Index = http::AnswerNote;

  Index Open(const RequestRecord& record);
  RequestRecord& operator[](Index index) { return rows_[index]; }
  void Close(Index index) { free_.push_back(index); }
  std::size_t open() const { return rows_.size() - free_.size(); }

 private:
  std::vector<RequestRecord> rows_;
  std::vector<Index> free_;
};

}  // namespace baton::app
