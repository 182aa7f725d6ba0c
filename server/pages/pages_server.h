// The listener for metrics: its own socket, loop and thread, so that a scrape never waits for the
// data plane, nor the data plane for a scrape.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <thread>

#include "server/http/session.h"
#include "server/net/acceptor.h"
#include "server/net/event_loop.h"
#include "server/net/handshake_queue.h"
#include "server/net/tls/tls_listener.h"

namespace baton::pages {

// GET /metrics (Prometheus text format 0.0.4) and GET / (where to look).
//
// Threads: made and destroyed by one thread; serves on its own from Start on.
class PagesServer final : private http::SessionOwner {
 public:
  // Takes the listening socket over; the rest outlives it. `tls` is null for plain connections.
  PagesServer(UniqueFd listening, const Clock& clock, metrics::Registry& registry,
              const http::ListenerMetrics& listener_metrics, const net::TlsListener* tls);
  ~PagesServer() override;

  void Start();
  const http::ListenerShard& listener_shard() const { return listener_shard_; }
  int listening_fd() const { return listening_.get(); }

 private:
  void OnRequest(http::Session& session, http::ExchangeId exchange,
                 http::Request&& request) override;
  void OnRefusal(http::Session& session, http::ExchangeId exchange, const http::Refusal& refusal,
                 const http::Request& partial) override;
  void OnAbandoned(http::AnswerNote /*note*/) override {}
  void OnSent(http::AnswerNote /*note*/, SteadyTime /*first_write*/, SteadyTime /*done*/,
              bool /*is_whole*/) override {}
  void OnClosed(http::Session& session) override;
  void OnConnection(UniqueFd fd) BATON_REQUIRES(on_loop);
  http::Response Respond(const http::Request& request);
  http::Response Scrape();

  // Set once.
  const UniqueFd listening_;
  const Clock& clock_;
  metrics::Registry& registry_;
  metrics::Shard* const shard_;
  http::ListenerShard listener_shard_;
  const http::Session::Options session_options_;
  const net::TlsListener* const tls_;
  std::atomic<double> last_scrape_seconds_{0};

  // Loop thread.
  net::EventLoop loop_;
  net::Acceptor acceptor_;
  net::HandshakeQueue handshakes_;
  http::DateCache date_;
  std::uint64_t next_connection_ = 0;
  std::map<http::ConnectionId, std::unique_ptr<http::Session>> sessions_;

  std::jthread thread_;
};

}  // namespace baton::pages
