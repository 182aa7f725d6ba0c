// The thread that owns sockets: it admits requests, keeps their deadlines and writes their answers.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "server/api/budget_headers.h"
#include "server/api/gateway.h"
#include "server/app/completion_inbox.h"
#include "server/app/conductor_books.h"
#include "server/app/request_records.h"
#include "server/http/session.h"
#include "server/net/acceptor.h"
#include "server/serve/answer_slots.h"
#include "server/serve/guard.h"
#include "server/serve/pending_responses.h"
#include "server/serve/scheduler.h"

namespace baton::app {

// What all conductors share. Everything outlives them.
struct Shared {
  const Clock& clock;
  const api::Gateway& gateway;
  serve::PendingResponses& pending;
  serve::Scheduler& scheduler;
  metrics::Registry& registry;
  const http::ListenerMetrics& listener_metrics;
  const http::Session::Options& session_options;
  std::atomic<bool>& is_ready;
  std::size_t max_connections;  // of one conductor
};

struct MalformedBudgetCounters {
  metrics::Counter grpc_timeout;
  metrics::Counter envoy_timeout;
};

// One epoll loop with its sessions, its part of the pending responses and its timers. It never
// blocks and never runs model code.
//
// Threads: Run is the conductor's thread; what says "any thread" hops to it.
// Invariant: every request that OnRequest counted as received ends in exactly one
// ConductorBooks::Close.
class Conductor final : private http::SessionOwner {
 public:
  struct Options {
    std::uint32_t index = 0;
    int listening_fd = -1;
    net::LoopMetrics loop_metrics;
    MalformedBudgetCounters malformed_budgets;
    std::vector<serve::BudgetPolicy> policies;  // by endpoint index
  };

  Conductor(const Shared& shared, Options options);
  ~Conductor() override;

  void Run();

  // Any thread.
  void SetPolicies(std::vector<serve::BudgetPolicy> policies);
  // Stops accepting, answers what was admitted and what still comes during `grace`, then ends Run;
  // at `limit` whatever is left is cut off. Called again: the earlier of both ends counts.
  void BeginDrain(Duration grace, Duration limit);
  std::size_t connections() const { return connection_count_; }
  const http::ListenerShard& listener_shard() const { return listener_shard_; }

 private:
  using Index = RequestRecords::Index;

  // SessionOwner.
  void OnRequest(http::Session& session, http::ExchangeId exchange,
                 http::Request&& request) override;
  void OnRefusal(http::Session& session, http::ExchangeId exchange, const http::Refusal& refusal,
                 const http::Request& partial) override;
  void OnAbandoned(http::AnswerNote note) override;
  void OnSent(http::AnswerNote note, SteadyTime first_write, SteadyTime done,
              bool is_whole) override;
  void OnClosed(http::Session& session) override;

  void OnConnection(UniqueFd fd) BATON_REQUIRES(on_loop);
  // Opens the record of a request and counts it as received.
  Index Receive(http::Session& session, http::ExchangeId exchange, const serve::Endpoint& endpoint,
                SteadyTime arrival) BATON_REQUIRES(on_loop);
  // Grants the budget; false when the request was answered for it.
  bool GrantBudget(Index index, const http::Request& request, bool has_oip_body)
      BATON_REQUIRES(on_loop);
  void Admit(Index index, const api::Plan& plan, http::Request&& request) BATON_REQUIRES(on_loop);
  void SubmitTurn() BATON_REQUIRES(on_loop);
  void DropAbandonedOfTurn() BATON_REQUIRES(on_loop);
  void OnCompletion(const serve::Completion& completion) BATON_REQUIRES(on_loop);
  void OnMove(serve::RequestId id, Deadline earlier) BATON_REQUIRES(on_loop);
  void ArmTimer(Index index) BATON_REQUIRES(on_loop);
  void ArmTimerAt(Index index) BATON_REQUIRES(on_loop);
  void CancelTimer(const RequestRecord& record) BATON_REQUIRES(on_loop);
  void OnTimer(Index index) BATON_REQUIRES(on_loop);
  void OnDue(serve::RequestId id, Index index) BATON_REQUIRES(on_loop);
  void AnswerWithReply(Index index, serve::Reply&& reply) BATON_REQUIRES(on_loop);
  void AnswerMiss(Index index, serve::Answer answer, serve::Cause cause) BATON_REQUIRES(on_loop);
  void AnswerInvalid(Index index, std::optional<int> status, const Error& error)
      BATON_REQUIRES(on_loop);
  void Send(Index index, http::Response&& response) BATON_REQUIRES(on_loop);
  void StopAccepting() BATON_REQUIRES(on_loop);
  void CheckDrain() BATON_REQUIRES(on_loop);
  void EndRun() BATON_REQUIRES(on_loop);

  // Set once.
  const Shared shared_;
  const Options options_;
  net::EventLoop loop_;
  CompletionInbox inbox_;
  metrics::Shard* const shard_;
  http::ListenerShard listener_shard_;

  // Loop thread.
  net::Acceptor acceptor_;
  std::vector<serve::BudgetPolicy> policies_ BATON_GUARDED_BY(on_loop);
  http::DateCache date_;
  ConductorBooks books_;
  serve::Guard guard_;
  serve::AnswerSlots slots_;
  RequestRecords records_ BATON_GUARDED_BY(on_loop);
  std::unordered_map<std::uint64_t, std::unique_ptr<http::Session>> sessions_
      BATON_GUARDED_BY(on_loop);
  std::uint64_t next_connection_ BATON_GUARDED_BY(on_loop) = 0;
  std::uint64_t next_request_ BATON_GUARDED_BY(on_loop);
  std::vector<std::unique_ptr<serve::Ticket>> turn_tickets_ BATON_GUARDED_BY(on_loop);
  std::vector<Index> turn_records_ BATON_GUARDED_BY(on_loop);
  std::vector<serve::Scheduler::Submitted> turn_results_ BATON_GUARDED_BY(on_loop);
  bool is_draining_ BATON_GUARDED_BY(on_loop) = false;
  SteadyTime drain_grace_ends_ BATON_GUARDED_BY(on_loop);
  SteadyTime drain_limit_ BATON_GUARDED_BY(on_loop);

  // Any thread (atomic).
  std::atomic<std::size_t> connection_count_{0};
};

}  // namespace baton::app
