// The pages' routes.
#include "server/pages/pages_server.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "server/base/clock.h"
#include "server/base/json_writer.h"
#include "server/base/mutex.h"
#include "server/base/thread_name.h"
#include "server/base/thread_priority.h"
#include "server/net/socket.h"
#include "server/pages/live_page.h"
#include "server/pages/site.h"

namespace baton::pages {
namespace {

constexpr std::size_t kMaxConnections = 256;
constexpr int kNicer = 10;  // as the workers: a scrape takes longer than a conductor can wait
constexpr Duration kTimeForLastLines = 1s;

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

constexpr std::string_view kHtml = "text/html; charset=utf-8";

bool IsRead(const http::Request& request) {
  return request.method == http::Method::kGet || request.method == http::Method::kHead;
}

// Programs that only take anything (*/*) want the short text.
bool IsBrowser(const http::Request& request) {
  const auto accepted = request.Header("Accept");
  return accepted && accepted->find("text/html") != accepted->npos;
}

// As gRPC writes the other end of a connection.
std::string FromText(int fd) {
  const std::string peer = net::PeerText(fd);
  return (peer.starts_with('[') ? "ipv6:" : "ipv4:") + peer;
}

}  // namespace

struct PagesServer::Landing {
  explicit Landing(net::EventLoop& of) : loop(&of) {}

  // Any thread. Dropped once the loop has gone.
  void Post(net::EventLoop::Task task) BATON_EXCLUDES(mutex) {
    MutexLock lock(mutex);
    if (loop != nullptr) loop->Post(std::move(task));
  }

  Mutex mutex;
  net::EventLoop* loop BATON_GUARDED_BY(mutex);  // null once it has gone
};

PagesServer::PagesServer(UniqueFd listening, const Clock& clock, metrics::Registry& registry,
                         const http::ListenerMetrics& listener_metrics, const net::TlsListener* tls,
                         Mirror* mirror, const Options& options)
    : listening_(std::move(listening)),
      registry_(registry),
      shard_(registry.TakeShard()),
      session_options_(PagesOptions()),
      tls_(tls),
      mirror_(mirror),
      options_(options),
      landing_(std::make_shared<Landing>(loop_)),
      loop_(clock),
      scrapes_(loop_, registry),
      acceptor_(
          loop_, listening_.get(),
          [this](UniqueFd fd) {
            loop_.AssertOnLoop();
            OnConnection(std::move(fd));
          },
          [this] { listener_shard_.CountTurnedAway(); }),
      handshakes_(loop_),
      events_(std::to_string(UnixMillis())),
      lines_(loop_),
      data_calls_(loop_, options_.bring) {
  listener_shard_.children = &listener_metrics;
  listener_shard_.shard = shard_;
  if (options_.feed == nullptr) return;
  subscription_ = options_.feed->Subscribe([this] {
    loop_.Post([this] {
      loop_.AssertOnLoop();
      TellWatchers();
    });
  });
}

void PagesServer::Stop() {
  loop_.Stop();
  if (thread_.joinable()) thread_.join();
}

PagesServer::~PagesServer() {
  Stop();
  {
    MutexLock lock(landing_->mutex);
    landing_->loop = nullptr;
  }
  registry_.GiveBack(shard_);
}

void PagesServer::Start() {
  thread_ = std::jthread([this] {
    NameThisThread("pages");
    GiveWay(kNicer);
    loop_.Post([this] {
      loop_.AssertOnLoop();
      acceptor_.Start();
    });
    loop_.Run();
    loop_.AssertOnLoop();
    acceptor_.Stop();
    events_.End();
    EndLines();
    data_calls_.Stop();
    loop_.RunOnce();
    while (!clients_.empty()) {
      clients_.begin()->second.session->CloseNow(http::CloseReason::kDrain);
    }
    loop_.RunOnce();
  });
}

// What their feeds still have is for whoever takes it at once.
void PagesServer::EndLines() {
  const SteadyTime until = loop_.ReadClock() + kTimeForLastLines;
  while (lines_.Look() && loop_.ReadClock() < until) {
    loop_.RunOnce();
    std::this_thread::sleep_for(1ms);
  }
  lines_.End();
}

void PagesServer::OnConnection(UniqueFd fd) {
  if (clients_.size() >= kMaxConnections) {
    listener_shard_.CountTurnedAway();
    return;
  }
  net::Security security;
  if (tls_ != nullptr) security = {tls_->Accept(fd.get(), *shard_), &handshakes_};
  std::string from = FromText(fd.get());
  const http::ConnectionId id{next_connection_++};
  http::SessionOwner& owner = *this;
  auto session =
      std::make_unique<http::Session>(loop_, std::move(fd), id, session_options_, listener_shard_,
                                      date_, owner, net::ClientPlace(), std::move(security));
  http::Session& opened = *session;
  clients_.emplace(id, Client{std::move(session), std::move(from), {}});
  if (!opened.Start()) opened.CloseNow(http::CloseReason::kError);
}

void PagesServer::OnClosed(http::Session& session) {
  loop_.AssertOnLoop();
  events_.OnClosed(session);
  lines_.OnClosed(session);
  const auto found = clients_.find(session.id());
  loop_.Retire(std::move(found->second.session));
  clients_.erase(found);
}

void PagesServer::Answer(http::Session& session, http::ExchangeId exchange, Content content,
                         http::Response&& response) {
  AddSecurityHeaders(response, content, tls_ != nullptr);
  session.Answer(exchange, std::move(response));
}

// A connection that has gone has no exchange that waits.
void PagesServer::AnswerLater(http::ConnectionId connection, http::ExchangeId exchange,
                              http::Response&& response) {
  const auto found = clients_.find(connection);
  if (found == clients_.end()) return;
  Answer(*found->second.session, exchange, Content::kData, std::move(response));
}

Mirror::Reply PagesServer::ReplyTo(http::ConnectionId connection, http::ExchangeId exchange) {
  return [this, landing = landing_, connection, exchange](http::Response response) {
    landing->Post([this, connection, exchange, response = std::move(response)]() mutable {
      loop_.AssertOnLoop();
      AnswerLater(connection, exchange, std::move(response));
    });
  };
}

void PagesServer::OnRequest(http::Session& session, http::ExchangeId exchange,
                            http::Request&& request) {
  loop_.AssertOnLoop();
  Client& client = clients_.find(session.id())->second;
  if (client.names.empty()) client.names = session.peer_names();
  request.client_names = &client.names;
  if (IsMirrored(request.path)) {
    const std::string from = client.from;
    if (mirror_->Streams(request)) return BeginLines(session, exchange, from, std::move(request));
    return mirror_->Answer(request, from, ReplyTo(session.id(), exchange));
  }
  if (request.path == "/events" && IsRead(request)) {
    return BeginEvents(session, exchange, std::move(request));
  }
  if (DataCalls::Takes(request.path)) return AskDataPlane(session, exchange, request);
  if (std::optional<http::Response> response = Respond(request)) {
    const Content content = response->content_type == kHtml ? Content::kPage : Content::kData;
    return Answer(session, exchange, content, std::move(*response));
  }
  scrapes_.Answer(request, [this, id = session.id(), exchange](http::Response&& response) {
    loop_.AssertOnLoop();
    AnswerLater(id, exchange, std::move(response));
  });
}

void PagesServer::TellWatchers() { events_.Publish(options_.feed->Newest()); }

void PagesServer::BeginEvents(http::Session& session, http::ExchangeId exchange,
                              http::Request&& request) {
  if (const auto other = RefuseOtherSites(request, options_.site)) {
    return Answer(session, exchange, Content::kData, ErrorResponse(403, *other));
  }
  http::Response headers;
  AddSecurityHeaders(headers, Content::kData, tls_ != nullptr);
  // Kept as long as it is watched, as its client's names are.
  const auto asked = std::make_shared<const http::Request>(std::move(request));
  events_.Begin(
      session, exchange, *asked, [this, asked] { return MayBeTold(*asked); }, headers.headers);
}

void PagesServer::BeginLines(http::Session& session, http::ExchangeId exchange,
                             const std::string& from, http::Request&& request) {
  if (!session.MayStream(exchange)) {
    return Answer(session, exchange, Content::kData,
                  mirror_->Refused(400, "expected no unanswered request before a stream"));
  }
  auto tell = [this, landing = landing_] {
    landing->Post([this] {
      loop_.AssertOnLoop();
      lines_.Look();
    });
  };
  auto opened = mirror_->Open(std::move(request), from, lines_.IsFull(), std::move(tell));
  if (!opened) return Answer(session, exchange, Content::kData, std::move(opened.error()));
  http::Response headers;
  AddSecurityHeaders(headers, Content::kData, tls_ != nullptr);
  lines_.Begin(session, exchange, headers.headers, *std::move(opened));
}

void PagesServer::AskDataPlane(http::Session& session, http::ExchangeId exchange,
                               const http::Request& request) {
  if (const auto other = RefuseOtherSites(request, options_.site)) {
    return Answer(session, exchange, Content::kData, ErrorResponse(403, *other));
  }
  if (!options_.bring || !options_.no_data.empty()) {
    return Answer(session, exchange, Content::kData, ErrorResponse(403, options_.no_data));
  }
  data_calls_.Call(request, [this, id = session.id(), exchange](http::Response response) {
    loop_.AssertOnLoop();
    AnswerLater(id, exchange, std::move(response));
  });
}

Told PagesServer::MayBeTold(const http::Request& request) const {
  return mirror_ != nullptr && mirror_->MayLook(request) ? Told::kAll : Told::kFigures;
}

void PagesServer::OnRefusal(http::Session& session, http::ExchangeId exchange,
                            const http::Refusal& refusal, const http::Request& partial) {
  loop_.AssertOnLoop();
  Answer(session, exchange, Content::kData,
         IsMirrored(partial.path) ? mirror_->Refused(refusal.status, refusal.message)
                                  : ErrorResponse(refusal.status, refusal.message));
}

std::optional<http::Response> PagesServer::Respond(const http::Request& request) {
  std::optional<http::Response> file = SiteFile(request.path);
  if (request.path == "/places.json") file = Places();
  if (!file && request.path != "/metrics" && request.path != "/" && request.path != "/events") {
    return ErrorResponse(404, "nothing is served at '" + request.path + "', look at /metrics");
  }
  if (!IsRead(request)) {
    http::Response response =
        ErrorResponse(405, "method " + std::string(http::ToText(request.method)) +
                               " is not allowed, expected GET, HEAD");
    http::AppendHeader(response.headers, "Allow", "GET, HEAD");
    return response;
  }
  if (file) return *std::move(file);
  if (request.path == "/metrics") return std::nullopt;
  return Front(request);
}

http::Response PagesServer::Places() const {
  http::Response response;
  JsonWriter(response.body).BeginObject().Key("http").String(options_.data_plane).EndObject();
  return response;
}

http::Response PagesServer::Front(const http::Request& request) {
  http::Response response;
  if (IsBrowser(request)) {
    if (const auto other = RefuseOtherNames(request, options_.site)) {
      return ErrorResponse(403, *other);
    }
    response.content_type = kHtml;
    response.body = LivePage(events_.newest(), MayBeTold(request));
    return response;
  }
  response.content_type = "text/plain; charset=utf-8";
  response.body = "Baton " BATON_VERSION
                  "\n/metrics   Prometheus metrics\n/          for browsers: the live page\n"
                  "/events    what it shows, as server-sent events\n";
  if (mirror_ != nullptr) {
    response.body += "/admin/v1  the admin API over HTTP and JSON: GET it for what there is\n";
  }
  return response;
}

}  // namespace baton::pages
