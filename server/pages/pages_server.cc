// The pages' routes.
#include "server/pages/pages_server.h"

#include <utility>

#include "server/base/json_writer.h"
#include "server/base/thread_name.h"

namespace baton::pages {
namespace {

constexpr std::size_t kMaxConnections = 256;

http::Session::Options PagesOptions() {
  http::Session::Options options;
  options.limits.body_bytes = 64 * 1024;
  options.limits.pipelined_requests = 4;
  return options;
}

http::Response ErrorResponse(int status, std::string_view message) {
  http::Response response;
  response.status = status;
  JsonWriter(response.body).BeginObject().Key("error").String(message).EndObject();
  return response;
}

}  // namespace

PagesServer::PagesServer(UniqueFd listening, const Clock& clock, metrics::Registry& registry,
                         const http::ListenerMetrics& listener_metrics, const net::TlsListener* tls)
    : listening_(std::move(listening)),
      clock_(clock),
      registry_(registry),
      shard_(registry.TakeShard()),
      session_options_(PagesOptions()),
      tls_(tls),
      loop_(clock),
      acceptor_(
          loop_, listening_.get(),
          [this](UniqueFd fd) {
            loop_.AssertOnLoop();
            OnConnection(std::move(fd));
          },
          [this] { listener_shard_.CountTurnedAway(); }),
      handshakes_(loop_) {
  listener_shard_.children = &listener_metrics;
  listener_shard_.shard = shard_;
  registry_.AddGauge("baton_scrape_duration_seconds", "What the last scrape took.", {},
                     [this] { return last_scrape_seconds_.load(); });
}

PagesServer::~PagesServer() {
  loop_.Stop();
  if (thread_.joinable()) thread_.join();
  registry_.GiveBack(shard_);
}

void PagesServer::Start() {
  thread_ = std::jthread([this] {
    NameThisThread("pages");
    loop_.Post([this] {
      loop_.AssertOnLoop();
      acceptor_.Start();
    });
    loop_.Run();
    loop_.AssertOnLoop();
    acceptor_.Stop();
    while (!sessions_.empty()) sessions_.begin()->second->CloseNow(http::CloseReason::kDrain);
    loop_.RunOnce();
  });
}

void PagesServer::OnConnection(UniqueFd fd) {
  if (sessions_.size() >= kMaxConnections) {
    listener_shard_.CountTurnedAway();
    return;
  }
  net::Security security;
  if (tls_ != nullptr) security = {tls_->Accept(fd.get(), *shard_), &handshakes_};
  const http::ConnectionId id{next_connection_++};
  http::SessionOwner& owner = *this;
  auto session =
      std::make_unique<http::Session>(loop_, std::move(fd), id, session_options_, listener_shard_,
                                      date_, owner, net::ClientPlace(), std::move(security));
  http::Session& opened = *session;
  sessions_.emplace(id, std::move(session));
  if (!opened.Start()) opened.CloseNow(http::CloseReason::kError);
}

void PagesServer::OnClosed(http::Session& session) {
  loop_.AssertOnLoop();
  const auto found = sessions_.find(session.id());
  loop_.Retire(std::move(found->second));
  sessions_.erase(found);
}

void PagesServer::OnRequest(http::Session& session, http::ExchangeId exchange,
                            http::Request&& request) {
  loop_.AssertOnLoop();
  session.Answer(exchange, Respond(request));
}

void PagesServer::OnRefusal(http::Session& session, http::ExchangeId exchange,
                            const http::Refusal& refusal, const http::Request& /*partial*/) {
  loop_.AssertOnLoop();
  session.Answer(exchange, ErrorResponse(refusal.status, refusal.message));
}

http::Response PagesServer::Respond(const http::Request& request) {
  if (request.path != "/metrics" && request.path != "/") {
    return ErrorResponse(404, "nothing is served at '" + request.path + "', look at /metrics");
  }
  if (request.method != http::Method::kGet && request.method != http::Method::kHead) {
    http::Response response =
        ErrorResponse(405, "method " + std::string(http::ToText(request.method)) +
                               " is not allowed, expected GET, HEAD");
    http::AppendHeader(response.headers, "Allow", "GET, HEAD");
    return response;
  }
  if (request.path == "/metrics") return Scrape();
  http::Response response;
  response.content_type = "text/plain; charset=utf-8";
  response.body = "Baton " BATON_VERSION "\n/metrics  Prometheus metrics\n";
  return response;
}

http::Response PagesServer::Scrape() {
  const SteadyTime began = clock_.Now();
  http::Response response;
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  response.body = registry_.Expose();
  last_scrape_seconds_ = ToSeconds(clock_.Now() - began);
  return response;
}

}  // namespace baton::pages
