// Messages are written once for all who are told the same.
#include "server/pages/event_stream.h"

#include <array>
#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

#include "server/http/error_response.h"

namespace baton::pages {
namespace {

// Where the connection ends, browsers come again after so many ms.
constexpr std::string_view kRetry = "retry: 2000\n\n";

http::Response Refusal(int status, std::string_view message, const std::string& headers) {
  http::Response response = http::ErrorResponse(status, message);
  response.headers += headers;
  if (status == 503) http::AppendHeader(response.headers, "Retry-After", "5");
  return response;
}

}  // namespace

std::string EventStream::Message(Told told) const {
  std::string message =
      "id: " + run_ + "-" + std::to_string(newest_->number) + "\nevent: sample\ndata: ";
  AppendSample(message, *newest_, told);
  return message += "\n\n";
}

std::uint64_t EventStream::LastSeen(const http::Request& request) const {
  std::string_view text = request.Header("Last-Event-ID").value_or("");
  if (!text.starts_with(run_ + "-")) return 0;
  text.remove_prefix(run_.size() + 1);
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? number : 0;
}

void EventStream::Begin(http::Session& session, http::ExchangeId exchange,
                        const http::Request& request, AskTold ask, const std::string& headers) {
  if (!session.MayStream(exchange)) {
    return session.Answer(exchange,
                          Refusal(400, "expected no unanswered request before a stream", headers));
  }
  if (watchers_.size() >= kMostWatchers) {
    return session.Answer(
        exchange,
        Refusal(503, "expected at most " + std::to_string(kMostWatchers) + " who watch at once",
                headers));
  }
  http::Response head;
  head.content_type = "text/event-stream; charset=utf-8";
  head.headers = headers;
  if (request.method == http::Method::kHead) return session.Answer(exchange, std::move(head));
  head.body = kRetry;
  head.body += "event: history\ndata: ";
  history_.Append(head.body, LastSeen(request));
  head.body += "\n\n";
  const Told told = ask();
  if (newest_->number > 0) head.body += Message(told);
  session.BeginStream(exchange, head);
  watchers_.emplace(session.id(), Watcher{&session, told, std::move(ask)});
}

void EventStream::Publish(std::shared_ptr<const control::StatusSample> sample) {
  if (sample->number == newest_->number) return;  // two were told of, and the newest found twice
  newest_ = std::move(sample);
  history_.Add(*newest_);
  EndWhoMayNoLonger();
  std::array<std::optional<std::string>, 2> messages;
  for (const auto& [id, watcher] : watchers_) {
    if (watcher.session->HasUnsent()) continue;
    auto& message = messages[watcher.told == Told::kAll ? 1 : 0];
    if (!message) message = Message(watcher.told);
    watcher.session->Stream(*message);
  }
}

// A token may be taken back while its holder watches.
void EventStream::EndWhoMayNoLonger() {
  for (auto at = watchers_.begin(); at != watchers_.end();) {
    const Watcher& watcher = at->second;
    if (watcher.told != Told::kAll || watcher.ask() == Told::kAll) {
      ++at;
      continue;
    }
    watcher.session->EndStream();
    at = watchers_.erase(at);
  }
}

void EventStream::End() {
  for (const auto& [id, watcher] : watchers_) watcher.session->EndStream();
  watchers_.clear();
}

}  // namespace baton::pages
