// One connection a call: its end is the answer's.
#include "server/pages/data_calls.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <sys/socket.h>
#include <utility>

#include "server/http/error_response.h"

namespace baton::pages {
namespace {

constexpr std::string_view kPrefix = "/data";

bool AreEqual(std::string_view one, std::string_view other) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(one.begin(), one.end(), other.begin(), other.end(),
                    [&lower](char a, char b) { return lower(a) == lower(b); });
}

// What only looks, or predicts: loads and unloads of models are for the admin plane.
bool MayBeAsked(http::Method method, std::string_view path) {
  if (method == http::Method::kGet) {
    return path == "/v2" || path.starts_with("/v2/") || path == "/openapi.json" || path == "/hello";
  }
  if (method != http::Method::kPost) return false;
  return path == "/v2/repository/index" || path == "/reverse" || path.starts_with("/test/") ||
         (path.starts_with("/v2/models/") && path.ends_with("/infer")) ||
         (path.starts_with("/v1/models/") && path.ends_with(":predict"));
}

// RFC 3986, 3.3: the parser has taken the path apart, so that it is put together again.
void AppendPath(std::string& out, std::string_view path) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  constexpr std::string_view kPlain = "-._~/:@!$&'()*+,;=";
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    const bool is_letter =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (is_letter || kPlain.find(c) != kPlain.npos) {
      out += c;
    } else {
      out += '%';
      out += kHex[byte >> 4U];
      out += kHex[byte & 15U];
    }
  }
}

constexpr std::array kPassedOn = {
    std::string_view("Authorization"),     std::string_view("Baton-Budget-Ms"),
    std::string_view("Baton-Criticality"), std::string_view("Baton-Explain"),
    std::string_view("Content-Type"),      std::string_view("Inference-Header-Content-Length"),
    std::string_view("X-API-Key"),         std::string_view("endpoint-load-metrics-format"),
    std::string_view("traceparent"),       std::string_view("tracestate")};

// Of an answer: those that the pages write themselves.
bool IsOurs(std::string_view name) {
  return AreEqual(name, "Date") || AreEqual(name, "Content-Length") ||
         AreEqual(name, "Connection") || AreEqual(name, "Cache-Control") ||
         AreEqual(name, "Transfer-Encoding");
}

}  // namespace

tl::expected<std::string, http::Response> ToDataRequest(const http::Request& request) {
  const std::string_view path = std::string_view(request.path).substr(kPrefix.size());
  if (!MayBeAsked(request.method, path)) {
    return tl::unexpected<http::Response>(http::ErrorResponse(
        404, "expected GET of what is below /data/v2, or POST of a prediction, got " +
                 std::string(http::ToText(request.method)) + " of '" + request.path + "'"));
  }
  std::string text = std::string(http::ToText(request.method)) + " ";
  AppendPath(text, path);
  if (!request.query.empty()) text += "?" + request.query;
  text += " HTTP/1.1\r\nHost: pages\r\nConnection: close\r\n";
  for (const std::string_view name : kPassedOn) {
    if (const auto value = request.Header(name)) http::AppendHeader(text, name, *value);
  }
  if (request.method == http::Method::kPost) {
    http::AppendHeader(text, "Content-Length", std::to_string(request.body.size()));
  }
  return (text += "\r\n") += request.body;
}

std::optional<http::Response> ReadDataAnswer(std::string_view bytes) {
  constexpr std::string_view kVersion = "HTTP/1.1 ";
  const std::size_t head_end = bytes.find("\r\n\r\n");
  if (!bytes.starts_with(kVersion) || head_end == bytes.npos) return std::nullopt;
  http::Response response;
  response.content_type = "";  // is one of the headers
  const char* const status = bytes.data() + kVersion.size();
  if (std::from_chars(status, status + 3, response.status).ec != std::errc()) return std::nullopt;
  std::size_t length = 0;
  std::string_view rest = bytes.substr(0, head_end + 2);
  rest.remove_prefix(rest.find("\r\n") + 2);
  while (!rest.empty()) {
    const std::size_t end = rest.find("\r\n");
    const std::size_t colon = rest.find(':');
    if (colon > end) return std::nullopt;
    const std::string_view name = rest.substr(0, colon);
    const std::string_view value = rest.substr(colon + 2, end - colon - 2);
    if (AreEqual(name, "Content-Length")) {
      std::from_chars(value.data(), value.data() + value.size(), length);
    }
    if (!IsOurs(name)) http::AppendHeader(response.headers, name, value);
    rest.remove_prefix(end + 2);
  }
  const std::string_view body = bytes.substr(head_end + 4);
  if (body.size() != length) return std::nullopt;  // it was cut
  response.body = body;
  return response;
}

// Writes the request, reads until the other end has no more to say.
class DataCalls::Connection final : public net::TcpConnection {
 public:
  Connection(DataCalls& calls, std::uint64_t number, UniqueFd fd, std::string request)
      : TcpConnection(calls.loop_, std::move(fd)), calls_(calls), number_(number) {
    output() = std::move(request);
  }

 private:
  void OnBytes(std::string_view bytes) override {
    answer_ += bytes;
    if (answer_.size() <= kMostAnswerBytes) return;
    calls_.loop_.AssertOnLoop();
    calls_.End(number_, http::ErrorResponse(502, "the answer is larger than the pages pass on"));
  }
  void OnEndOfInput() override {
    auto response = ReadDataAnswer(answer_);
    calls_.loop_.AssertOnLoop();
    calls_.End(number_, response ? *std::move(response)
                                 : http::ErrorResponse(502, "the data plane gave no whole answer"));
  }
  void OnBroken() override { OnEndOfInput(); }
  void OnFlushed(SteadyTime /*at*/) override {}

  DataCalls& calls_;
  const std::uint64_t number_;
  std::string answer_;
};

DataCalls::DataCalls(net::EventLoop& loop, std::function<void(UniqueFd)> bring)
    : loop_(loop), bring_(std::move(bring)) {}

DataCalls::~DataCalls() = default;

void DataCalls::Call(const http::Request& request, const Reply& reply) {
  if (under_way_.size() >= kMostAtOnce) {
    return reply(http::TryLater("expected at most " + std::to_string(kMostAtOnce) +
                                " calls of the pages to the data plane at once"));
  }
  auto text = ToDataRequest(request);
  if (!text) return reply(std::move(text.error()));
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0) {
    return reply(http::TryLater("no sockets are left for a call to the data plane"));
  }
  UniqueFd ours(ends[0]);
  const std::uint64_t number = next_++;
  auto connection = std::make_unique<Connection>(*this, number, std::move(ours), *std::move(text));
  Connection& opened = *connection;
  under_way_.emplace(number, UnderWay{std::move(connection), reply});
  bring_(UniqueFd(ends[1]));
  if (opened.Start()) {
    opened.FlushAtEndOfTurn();
  } else {
    End(number, http::TryLater("the call to the data plane could not be watched"));
  }
}

void DataCalls::End(std::uint64_t number, http::Response response) {
  const auto found = under_way_.find(number);
  if (found == under_way_.end()) return;
  UnderWay ended = std::move(found->second);
  under_way_.erase(found);
  ended.connection->Close();
  loop_.Retire(std::move(ended.connection));
  ended.reply(std::move(response));
}

void DataCalls::Stop() {
  for (auto& [number, call] : under_way_) {
    call.connection->Close();
    loop_.Retire(std::move(call.connection));
  }
  under_way_.clear();
}

}  // namespace baton::pages
