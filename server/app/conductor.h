// The thread that owns sockets: it admits requests, keeps their deadlines and writes their answers.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "server/access/key_ring.h"
#include "server/api/answer_response.h"
#include "server/api/budget_headers.h"
#include "server/api/gateway.h"
#include "server/api/refusal_text.h"
#include "server/app/overload_ladder.h"
#include "server/app/published.h"
#include "server/app/request_desk.h"
#include "server/control/connection_state.h"
#include "server/http/file_opener.h"
#include "server/http/session.h"
#include "server/http/static_metrics.h"
#include "server/net/acceptor.h"
#include "server/net/client_places.h"
#include "server/net/connection_places.h"
#include "server/net/handshake_queue.h"
#include "server/net/tls/tls_listener.h"
#include "server/serve/endpoint_policy.h"

namespace baton::app {

class Conductor;

// What all conductors share. Everything outlives them.
struct Shared {
  const Clock& clock;
  const api::Gateway& gateway;
  const api::ModelDirectory& models;
  const DeskParts& desk;
  http::FileOpener* files;  // null without static files
  const http::StaticMetrics& static_metrics;
  metrics::Registry& registry;
  const http::ListenerMetrics& listener_metrics;
  const http::Session::Options& session_options;
  net::ClientPlaces* client_places;  // absent: an address may have any number of connections
  std::atomic<bool>& is_ready;
  net::ConnectionPlaces& places;
  const std::vector<std::unique_ptr<Conductor>>& conductors;  // by index, once they run
  std::size_t descriptors;                                    // that connections may take in all
  const net::TlsListener* tls;                                // null: connections are plain
};

struct MalformedBudgetCounters {
  metrics::Counter grpc_timeout;
  metrics::Counter envoy_timeout;
};

// One epoll loop with its sessions and the desk that they bring their requests to. It never blocks
// and never runs model code.
//
// Threads: Run is the conductor's thread; what says "any thread" hops to it.
// Invariant: every request that OnRequest counted as received ends in exactly one
// ConductorBooks::Close.
class Conductor final : private http::SessionOwner, private Front {
 public:
  struct Options {
    std::uint32_t index = 0;
    int listening_fd = -1;
    net::LoopMetrics loop_metrics;
    MalformedBudgetCounters malformed_budgets;
    std::shared_ptr<const access::KeyRing> keys;  // null: clients need none
  };

  Conductor(const Shared& shared, const Options& options);
  ~Conductor() override;

  void Run();

  // Any thread. What is served, and how, from now on.
  void Use(Published published);
  // The same; what of it an open connection waits for counts from its next event on.
  // Requires: what a request may consist of (`limits`, but for pipelined_requests and
  // forgotten_bytes) is as before.
  void Use(const http::Session::Options& options);
  // The keys that clients have to have. Requires: there were some from the start.
  void Use(std::shared_ptr<const access::KeyRing> keys);
  // Stops accepting, answers what was admitted and what still comes during `grace`, then ends Run;
  // at `limit` whatever is left is cut off. Called again: the earlier of both ends counts.
  void BeginDrain(Duration grace, Duration limit);
  // Any thread. True: clients are told to go with their next answers, those that still come too,
  // and are served all the same; false: they may stay again.
  void SendAway(bool sends_away);
  // Any thread; `done` runs on the loop. Its connections behind number `after`, the first `limit`
  // of them by number.
  using Listed = std::function<void(std::vector<control::ConnectionState> connections)>;
  void List(std::optional<std::uint64_t> after, std::size_t limit, Listed done);
  // The same. Without `is_forced` it ends with its next answer. None where there is no such one.
  using Closed = std::function<void(std::optional<control::ConnectionState> connection)>;
  void Close(std::uint64_t connection, bool is_forced, Closed done);
  // Any thread: a connection of this process's own to the data plane. It is plain, and no
  // address's; else it is treated as any other.
  void Bring(UniqueFd fd);
  std::size_t connections() const { return connection_count_; }
  OverloadLevel overload_level() const { return overload_level_; }
  // Any thread. The longest that what was ready had to wait for the loop since the call before, of
  // turns in which requests or connections came.
  Duration TakeWorstLag() { return Duration(worst_lag_.exchange(0)); }
  std::uint64_t overload_changes(OverloadLevel level) const {
    return overload_changes_[static_cast<std::size_t>(level)];
  }
  const http::ListenerShard& listener_shard() const { return listener_shard_; }

 private:
  using Index = RequestDesk::Index;

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
  void Open(UniqueFd fd, net::ClientPlace place, net::Security security) BATON_REQUIRES(on_loop);
  void TurnAway(http::CloseReason reason) BATON_REQUIRES(on_loop);

  // conductor_overload.cc: climbs and descends the ladder, once a turn in which something comes.
  void WatchOverload() BATON_REQUIRES(on_loop);
  void LookForOverload() BATON_REQUIRES(on_loop);
  void CloseSomeIdle() BATON_REQUIRES(on_loop);

  // conductor_connections.cc
  control::ConnectionState Describe(const http::Session& session) const BATON_REQUIRES(on_loop);

  // Front.
  void Send(Index index, const api::AnswerView& view, std::string& body) override;
  std::optional<std::string> DeclaredFallback(const RequestRecord& record,
                                              const std::string& constant) const override;
  void CloseIfClientHasLeft(Index index) override;

  // Opens the record of a request, and remembers where its answer goes.
  Index Receive(http::Session& session, http::ExchangeId exchange, const serve::Endpoint& endpoint,
                SteadyTime arrival) BATON_REQUIRES(on_loop);
  // The same of one whose head is there: it may belong to its caller's trace.
  Index Receive(http::Session& session, http::ExchangeId exchange, const serve::Endpoint& endpoint,
                const http::Request& request) BATON_REQUIRES(on_loop);
  // Refusals are ready-made; the bodies of those who give way first are not looked into.
  bool IsTerse() const BATON_REQUIRES(on_loop) { return ladder_.level() >= OverloadLevel::kTerse; }
  // conductor_keys.cc: where clients need API keys. None: what the request asks for needs none.
  std::optional<access::KeyDecision> DecideOfKey(const http::Request& request)
      BATON_REQUIRES(on_loop);
  bool IsLetIn(http::Session& session, const http::Request& head) BATON_REQUIRES(on_loop);
  std::optional<access::KeyDecision> KeyDecisionOf(http::Session& session,
                                                   const http::Request& request)
      BATON_REQUIRES(on_loop);
  void RefuseForKey(http::Session& session, http::ExchangeId exchange, const http::Request& request,
                    const access::KeyDecision& decision) BATON_REQUIRES(on_loop);
  void TellOfRate(Index index, std::string& headers) BATON_REQUIRES(on_loop);

  // Who named a trace is told where the request is in it.
  void TellOfTrace(Index index, std::string& headers) BATON_REQUIRES(on_loop);
  // Who asked for it is told how busy the server is.
  void TellOfLoad(Index index, std::string& headers) BATON_REQUIRES(on_loop);

  // conductor_files.cc: static files.
  void AskForFile(http::Session& session, http::ExchangeId exchange, http::Request&& request)
      BATON_REQUIRES(on_loop);
  void SendFileAnswer(http::ConnectionId connection, http::ExchangeId exchange,
                      http::Response&& response) BATON_REQUIRES(on_loop);
  // conductor_models.cc: loads and unloads that clients ask for.
  void ChangeModel(http::Session& session, http::ExchangeId exchange,
                   const api::RepositoryChange& change) BATON_REQUIRES(on_loop);
  // Of what took a while: the client may have left meanwhile.
  void AnswerLater(http::ConnectionId connection, http::ExchangeId exchange,
                   http::Response&& response) BATON_REQUIRES(on_loop);
  // What the request asks for: its budget and who gives way; and what of it is its own, for the
  // cache. False when it was answered for it.
  bool ReadAsk(Index index, const http::Request& request, api::Plan& plan) BATON_REQUIRES(on_loop);
  // conductor_drain.cc: the way out.
  void StopAccepting() BATON_REQUIRES(on_loop);
  void CheckDrain() BATON_REQUIRES(on_loop);
  void EndRun() BATON_REQUIRES(on_loop);

  // Set once.
  const Shared shared_;
  const Options options_;
  net::EventLoop loop_;
  metrics::Shard* const shard_;
  http::ListenerShard listener_shard_;

  // Loop thread.
  net::Acceptor acceptor_;
  net::HandshakeQueue handshakes_;
  http::DateCache date_;
  http::Session::Options session_options_;  // of all its sessions
  RequestDesk desk_ BATON_GUARDED_BY(on_loop);
  // Where answers go, by the desk's index: sessions give up their exchanges before they go.
  struct Place {
    http::Session* session = nullptr;
    http::ExchangeId exchange{};
  };
  std::vector<Place> places_ BATON_GUARDED_BY(on_loop);
  OverloadLadder ladder_ BATON_GUARDED_BY(on_loop);
  std::vector<api::RefusalText> refusals_;  // by cause, of 503
  std::vector<api::RefusalText> timeouts_;  // by cause, of 504
  std::unordered_map<std::uint64_t, std::unique_ptr<http::Session>> sessions_
      BATON_GUARDED_BY(on_loop);
  std::uint64_t next_connection_ BATON_GUARDED_BY(on_loop) = 0;
  api::PredictionResponse prediction_ BATON_GUARDED_BY(on_loop);
  std::shared_ptr<const access::KeyRing> keys_ BATON_GUARDED_BY(on_loop);  // null: none needed
  // By connection, of a request whose body is still to come.
  std::unordered_map<std::uint64_t, access::KeyDecision> key_decisions_ BATON_GUARDED_BY(on_loop);
  // By the desk's index, of requests whose keys have a rate.
  std::unordered_map<Index, access::KeyDecision> rated_ BATON_GUARDED_BY(on_loop);
  bool is_draining_ BATON_GUARDED_BY(on_loop) = false;
  bool sends_away_ BATON_GUARDED_BY(on_loop) = false;
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
  std::atomic<Duration::rep> worst_lag_{0};  // raised by the loop alone
};

}  // namespace baton::app
