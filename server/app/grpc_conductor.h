// The front of the gRPC data plane: it admits the calls that gRPC brings, and answers them.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "server/access/api_keys.h"
#include "server/api/grpc/infer_call.h"
#include "server/api/grpc/infer_peek.h"
#include "server/app/published.h"
#include "server/app/request_desk.h"
#include "server/net/event_loop.h"

namespace baton::app {

// A loop with a desk, as the conductors of the HTTP data plane; its events are gRPC's, which has
// the sockets. It never blocks and never runs model code.
//
// Threads: Run is its own thread, where calls come; what says "any thread" hops to it.
// Invariant: every call is answered, or abandoned by its client, exactly once.
class GrpcConductor final : public api::InferenceSink, private Front {
 public:
  struct Options {
    std::uint32_t number = 0;  // of its desk, alone of all
    net::LoopMetrics loop_metrics;
    metrics::Counter malformed_envoy_timeout;
  };

  // `unknown` is where calls are counted that name no model. `keys`: null where clients need none.
  // Everything outlives it.
  GrpcConductor(const Clock& clock, net::ForeignEvents& events, const DeskParts& desk,
                const serve::Endpoint& unknown, const Options& options,
                const access::ApiKeys* keys);
  ~GrpcConductor() override;

  void Run();

  // InferenceSink.
  void OnInfer(std::unique_ptr<api::InferCall> call) override;
  void OnCancelled(api::CallId call) override;

  // Any thread. What is served, and how, from now on.
  void Use(Published published);
  // Any thread. Answers what was admitted and what still comes during `grace`, or ends at once
  // where nothing has ever come; then Run ends. At `limit` whatever is left is cut off.
  // Called again: the earlier of both ends counts.
  void BeginDrain(Duration grace, Duration limit);
  // Drops what comes from now on, on whatever thread. Before Run, or after it.
  void Close() { is_closed_ = true; }

 private:
  using Index = RequestDesk::Index;

  // Front.
  void Send(Index index, const api::AnswerView& view, std::string& body) override;
  std::optional<std::string> DeclaredFallback(const RequestRecord& record,
                                              const std::string& constant) const override;
  // gRPC says of its own accord who has left.
  void CloseIfClientHasLeft(Index /*index*/) override {}

  void Take(std::unique_ptr<api::InferCall> call) BATON_REQUIRES(on_loop);
  void Abandon(api::CallId id) BATON_REQUIRES(on_loop);
  Index Receive(std::unique_ptr<api::InferCall> call, const serve::Endpoint& endpoint)
      BATON_REQUIRES(on_loop);
  void Refuse(std::unique_ptr<api::InferCall> call, const api::InferPeek& peek, const Error& error)
      BATON_REQUIRES(on_loop);
  // False when its key does not let it in: then it has been taken over, and answered for that.
  bool IsLetIn(std::unique_ptr<api::InferCall>& call) BATON_REQUIRES(on_loop);
  // What the call asks for: its budget and who gives way. False when it was answered for it.
  bool ReadAsk(Index index, const api::InferPeek& peek) BATON_REQUIRES(on_loop);
  Result<std::optional<Duration>> ReadBudget(const api::InferCall& call, const api::InferPeek& peek)
      BATON_REQUIRES(on_loop);
  void CheckDrain() BATON_REQUIRES(on_loop);
  void EndRun() BATON_REQUIRES(on_loop);

  // Set once.
  const DeskParts parts_;
  const serve::Endpoint& unknown_;
  const Options options_;
  const access::ApiKeys* const keys_;
  net::EventLoop loop_;
  std::atomic<bool> is_closed_{false};

  // Loop thread.
  RequestDesk desk_ BATON_GUARDED_BY(on_loop);
  std::vector<std::unique_ptr<api::InferCall>> calls_ BATON_GUARDED_BY(on_loop);  // by index
  std::unordered_map<api::CallId, Index> open_ BATON_GUARDED_BY(on_loop);
  std::string body_ BATON_GUARDED_BY(on_loop);  // a buffer
  // Declared constants in this form, by their text; none for those that have none.
  mutable std::map<std::string, std::optional<std::string>, std::less<>> constants_
      BATON_GUARDED_BY(on_loop);
  std::optional<SteadyTime> last_call_ BATON_GUARDED_BY(on_loop);
  bool is_draining_ BATON_GUARDED_BY(on_loop) = false;
  SteadyTime drain_began_ BATON_GUARDED_BY(on_loop);
  SteadyTime drain_grace_ends_ BATON_GUARDED_BY(on_loop);
  SteadyTime drain_limit_ BATON_GUARDED_BY(on_loop);
};

}  // namespace baton::app
