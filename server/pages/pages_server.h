// The listener for metrics and the admin API's mirror: its own socket, loop and thread, so that a
// scrape never waits for the data plane, nor the data plane for a scrape.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "server/control/status_feed.h"
#include "server/http/session.h"
#include "server/net/acceptor.h"
#include "server/net/event_loop.h"
#include "server/net/handshake_queue.h"
#include "server/net/tls/tls_listener.h"
#include "server/pages/data_calls.h"
#include "server/pages/event_stream.h"
#include "server/pages/line_streams.h"
#include "server/pages/mirror.h"
#include "server/pages/scrape.h"
#include "server/pages/security_headers.h"
#include "server/pages/site_check.h"

namespace baton::pages {

// GET /metrics (in the form that the request asks for), GET / (the live page for browsers, where to
// look for others), its files, GET /events (server-sent events), /data (what goes to the data
// plane), and what the mirror takes.
//
// Threads: made and destroyed by one thread; serves on its own from Start on.
class PagesServer final : private http::SessionOwner {
 public:
  struct Options {
    Site site;                            // for what only its own pages may ask for
    control::StatusFeed* feed = nullptr;  // null: there is nothing to watch
    // Takes over the data plane's end of a connection. Null: the data plane is not asked.
    std::function<void(UniqueFd)> bring = nullptr;
    std::string no_data = {};     // why nobody may ask it from here; empty: everybody may
    std::string data_plane = {};  // "http://127.0.0.1:8080", for who asks it from elsewhere
  };

  // Takes the listening socket over; the rest outlives it, but replies of the mirror may come
  // later. `tls` is null for plain connections, `mirror` where there is none.
  PagesServer(UniqueFd listening, const Clock& clock, metrics::Registry& registry,
              const http::ListenerMetrics& listener_metrics, const net::TlsListener* tls,
              Mirror* mirror, const Options& options);
  ~PagesServer() override;

  void Start();
  // Closes every connection and returns when the thread has ended. A second call does nothing.
  void Stop();
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
  void Answer(http::Session& session, http::ExchangeId exchange, Content content,
              http::Response&& response) BATON_REQUIRES(on_loop);
  void AnswerLater(http::ConnectionId connection, http::ExchangeId exchange,
                   http::Response&& response) BATON_REQUIRES(on_loop);
  Mirror::Reply ReplyTo(http::ConnectionId connection, http::ExchangeId exchange);
  bool IsMirrored(std::string_view path) const {
    return mirror_ != nullptr && mirror_->Takes(path);
  }
  // What was published since the call before, for who watches.
  void TellWatchers() BATON_REQUIRES(on_loop);
  void BeginEvents(http::Session& session, http::ExchangeId exchange, http::Request&& request)
      BATON_REQUIRES(on_loop);
  // A call of the mirror that is answered line by line.
  void BeginLines(http::Session& session, http::ExchangeId exchange, const std::string& from,
                  http::Request&& request) BATON_REQUIRES(on_loop);
  void EndLines() BATON_REQUIRES(on_loop);
  // What goes to the data plane.
  void AskDataPlane(http::Session& session, http::ExchangeId exchange, const http::Request& request)
      BATON_REQUIRES(on_loop);
  Told MayBeTold(const http::Request& request) const;
  http::Response Places() const;
  http::Response Front(const http::Request& request) BATON_REQUIRES(on_loop);
  // None: it is a scrape, which is answered later.
  std::optional<http::Response> Respond(const http::Request& request) BATON_REQUIRES(on_loop);

  // Set once.
  const UniqueFd listening_;
  metrics::Registry& registry_;
  metrics::Shard* const shard_;
  http::ListenerShard listener_shard_;
  const http::Session::Options session_options_;
  const net::TlsListener* const tls_;
  Mirror* const mirror_;
  const Options options_;
  // How replies of other threads reach the loop, as long as it is there.
  struct Landing;
  const std::shared_ptr<Landing> landing_;

  // Loop thread.
  net::EventLoop loop_;
  Scrapes scrapes_;
  net::Acceptor acceptor_;
  net::HandshakeQueue handshakes_;
  http::DateCache date_;
  std::uint64_t next_connection_ = 0;
  struct Client {
    std::unique_ptr<http::Session> session;
    std::string from;                // "ipv4:127.0.0.1:50312"
    std::vector<std::string> names;  // in its certificate
  };
  std::map<http::ConnectionId, Client> clients_;
  EventStream events_;
  LineStreams lines_;
  DataCalls data_calls_;

  // While the loop is there.
  std::unique_ptr<control::StatusFeed::Subscription> subscription_;

  std::jthread thread_;
};

}  // namespace baton::pages
