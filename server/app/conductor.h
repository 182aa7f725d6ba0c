// The thread that owns sockets: it admits requests, keeps their deadlines and writes their answers.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "server/api/answer_response.h"
#include "server/api/budget_headers.h"
#include "server/api/gateway.h"
#include "server/api/refusal_text.h"
#include "server/app/completion_inbox.h"
#include "server/app/conductor_books.h"
#include "server/app/fallbacks.h"
#include "server/app/overload_ladder.h"
#include "server/app/request_records.h"
#include "server/http/file_opener.h"
#include "server/http/session.h"
#include "server/http/static_metrics.h"
#include "server/net/acceptor.h"
#include "server/net/client_places.h"
#include "server/net/connection_places.h"
#include "server/serve/answer_slots.h"
#include "server/serve/endpoint_policy.h"
#include "server/serve/guard.h"
#include "server/serve/miss_ring.h"
#include "server/serve/pending_responses.h"
#include "server/serve/scheduler.h"
#include "server/serve/spare_tickets.h"

namespace baton::app {

class Conductor;

// What all conductors share. Everything outlives them.
struct Shared {
  const Clock& clock;
  const api::Gateway& gateway;
  serve::PendingResponses& pending;
  serve::Scheduler& scheduler;
  serve::Scheduler& reserve;  // of one worker, for cheaper models that are fallbacks
  Fallbacks& fallbacks;
  http::FileOpener* files;  // null without static files
  const http::StaticMetrics& static_metrics;
  serve::MissRing& misses;
  metrics::Registry& registry;
  const http::ListenerMetrics& listener_metrics;
  const http::Session::Options& session_options;
  net::ClientPlaces* client_places;  // absent: an address may have any number of connections
  std::atomic<bool>& is_ready;
  net::ConnectionPlaces& places;
  const std::vector<std::unique_ptr<Conductor>>& conductors;  // by index, once they run
  std::size_t descriptors;                                    // that connections may take in all
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
    std::vector<serve::EndpointPolicy> policies;  // by endpoint index
  };

  Conductor(const Shared& shared, Options options);
  ~Conductor() override;

  void Run();

  // Any thread.
  void SetPolicies(std::vector<serve::EndpointPolicy> policies);
  // Stops accepting, answers what was admitted and what still comes during `grace`, then ends Run;
  // at `limit` whatever is left is cut off. Called again: the earlier of both ends counts.
  void BeginDrain(Duration grace, Duration limit);
  std::size_t connections() const { return connection_count_; }
  OverloadLevel overload_level() const { return overload_level_; }
  std::uint64_t overload_changes(OverloadLevel level) const {
    return overload_changes_[static_cast<std::size_t>(level)];
  }
  const http::ListenerShard& listener_shard() const { return listener_shard_; }

 private:
  using Index = RequestRecords::Index;

  // SessionOwner.
  http::HeadVerdict OnHead(http::Session& session, const http::Request& head) override;
  void OnRequest(http::Session& session, http::ExchangeId exchange,
                 http::Request&& request) override;
  void OnRefusal(http::Session& session, http::ExchangeId exchange, const http::Refusal& refusal,
                 const http::Request& partial) override;
  void OnAbandoned(http::AnswerNote note) override;
  void OnSent(http::AnswerNote note, SteadyTime first_write, SteadyTime done,
              bool is_whole) override;
  void OnClosed(http::Session& session) override;

  void OnConnection(UniqueFd fd) BATON_REQUIRES(on_loop);
  // Any thread: a connection that another conductor has accepted, with its place.
  void TakeOver(UniqueFd fd);
  // Of what has its place.
  void Adopt(UniqueFd fd) BATON_REQUIRES(on_loop);
  void TurnAway(http::CloseReason reason) BATON_REQUIRES(on_loop);

  // conductor_overload.cc: climbs and descends the ladder, once a turn in which something comes.
  void WatchOverload() BATON_REQUIRES(on_loop);
  void LookForOverload() BATON_REQUIRES(on_loop);
  void CloseSomeIdle() BATON_REQUIRES(on_loop);

  // Opens the record of a request and counts it as received.
  Index Receive(http::Session& session, http::ExchangeId exchange, const serve::Endpoint& endpoint,
                SteadyTime arrival) BATON_REQUIRES(on_loop);
  // Refusals are ready-made; the bodies of those who give way first are not looked into.
  bool IsTerse() const BATON_REQUIRES(on_loop) { return ladder_.level() >= OverloadLevel::kTerse; }
  // conductor_files.cc: static files.
  void AskForFile(http::Session& session, http::ExchangeId exchange, http::Request&& request)
      BATON_REQUIRES(on_loop);
  void SendFileAnswer(http::ConnectionId connection, http::ExchangeId exchange,
                      http::Response&& response) BATON_REQUIRES(on_loop);
  // What the request asks for: its budget and who gives way. False when it was answered for it.
  bool ReadAsk(Index index, const http::Request& request, const api::Plan& plan)
      BATON_REQUIRES(on_loop);
  bool GrantBudget(Index index, const http::Request& request,
                   const std::optional<Duration>& smallest) BATON_REQUIRES(on_loop);
  void Admit(Index index, const api::Plan& plan, http::Request&& request) BATON_REQUIRES(on_loop);
  void SubmitTurn() BATON_REQUIRES(on_loop);
  void DropAbandonedOfTurn() BATON_REQUIRES(on_loop);
  void CloseIfClientHasLeft(Index index, serve::RequestId id) BATON_REQUIRES(on_loop);

  // conductor_answers.cc: from admission to the written answer.
  void OnSubmitted(Index index, const serve::Scheduler::Submitted& submitted,
                   std::unique_ptr<serve::Ticket> refused) BATON_REQUIRES(on_loop);
  void OnCompletion(serve::Completion&& completion) BATON_REQUIRES(on_loop);
  void OnMove(serve::RequestId id, Deadline earlier) BATON_REQUIRES(on_loop);
  SteadyTime GiveUpAt(const RequestRecord& record, SteadyTime latest_start) const
      BATON_REQUIRES(on_loop);
  void ArmTimer(Index index, SteadyTime wanted) BATON_REQUIRES(on_loop);
  void ArmTimerAt(Index index, SteadyTime at) BATON_REQUIRES(on_loop);
  void CancelTimer(RequestRecord& record) BATON_REQUIRES(on_loop);
  void OnTimer(Index index) BATON_REQUIRES(on_loop);
  void GiveUp(Index index) BATON_REQUIRES(on_loop);
  // True: `ticket` has been taken over.
  bool TryReserve(Index index, std::unique_ptr<serve::Ticket>& ticket, serve::Answer answer,
                  serve::Cause cause) BATON_REQUIRES(on_loop);
  // Leaves `reply` with a buffer that may be used again.
  void AnswerWithReply(Index index, serve::Reply& reply) BATON_REQUIRES(on_loop);
  // What else is known of a miss.
  struct MissDetails {
    const Error* error = nullptr;
    Duration retry_after = Duration::zero();
  };
  void AnswerMiss(Index index, serve::Answer answer, serve::Cause cause, const MissDetails& details)
      BATON_REQUIRES(on_loop);
  void AnswerFallback(Index index, serve::Cause cause, Fallbacks::Found&& fallback)
      BATON_REQUIRES(on_loop);
  void AnswerInvalid(Index index, std::optional<int> status, const Error& error)
      BATON_REQUIRES(on_loop);
  void Send(Index index, http::Response&& response) BATON_REQUIRES(on_loop);

  // conductor_drain.cc: the way out.
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
  std::vector<serve::EndpointPolicy> policies_ BATON_GUARDED_BY(on_loop);
  http::DateCache date_;
  ConductorBooks books_;
  serve::Guard guard_;
  serve::AnswerSlots slots_;
  OverloadLadder ladder_ BATON_GUARDED_BY(on_loop);
  std::vector<api::RefusalText> refusals_;  // by cause, of 503
  std::vector<api::RefusalText> timeouts_;  // by cause, of 504
  RequestRecords records_ BATON_GUARDED_BY(on_loop);
  std::unordered_map<std::uint64_t, std::unique_ptr<http::Session>> sessions_
      BATON_GUARDED_BY(on_loop);
  std::uint64_t next_connection_ BATON_GUARDED_BY(on_loop) = 0;
  std::uint64_t next_request_ BATON_GUARDED_BY(on_loop);
  serve::SpareTickets spare_tickets_ BATON_GUARDED_BY(on_loop);
  api::PredictionResponse prediction_ BATON_GUARDED_BY(on_loop);
  std::vector<std::unique_ptr<serve::Ticket>> turn_tickets_ BATON_GUARDED_BY(on_loop);
  std::vector<Index> turn_records_ BATON_GUARDED_BY(on_loop);
  std::vector<std::unique_ptr<serve::Ticket>> reserve_ticket_ BATON_GUARDED_BY(on_loop);
  std::vector<serve::Scheduler::Submitted> reserve_result_ BATON_GUARDED_BY(on_loop);
  std::vector<serve::Scheduler::Submitted> turn_results_ BATON_GUARDED_BY(on_loop);
  bool has_abandoned_of_turn_ BATON_GUARDED_BY(on_loop) = false;  // perhaps
  bool is_draining_ BATON_GUARDED_BY(on_loop) = false;
  bool has_ended_ BATON_GUARDED_BY(on_loop) = false;
  SteadyTime drain_grace_ends_ BATON_GUARDED_BY(on_loop);
  SteadyTime drain_limit_ BATON_GUARDED_BY(on_loop);

  SteadyTime overload_watched_ BATON_GUARDED_BY(on_loop);
  bool overload_watch_is_armed_ BATON_GUARDED_BY(on_loop) = false;
  std::size_t idle_bucket_ BATON_GUARDED_BY(on_loop) = 0;  // of sessions_, where to look next

  // Any thread (atomic).
  std::atomic<std::size_t> connection_count_{0};
  std::atomic<OverloadLevel> overload_level_{OverloadLevel::kCalm};
  std::array<std::atomic<std::uint64_t>, kOverloadLevels> overload_changes_{};
};

}  // namespace baton::app
