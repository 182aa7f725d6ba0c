// What has more to say, or something unsent, is looked at again soon; all of them once a second.
#include "server/pages/line_streams.h"

#include <utility>
#include <vector>

namespace baton::pages {
namespace {

constexpr Duration kSoon = 10ms;
constexpr Duration kAtLast = 1s;

}  // namespace

void LineStreams::Begin(http::Session& session, http::ExchangeId exchange,
                        const std::string& headers, std::unique_ptr<LineFeed> feed) {
  http::Response head;
  head.content_type = kLinesOfJson;
  head.headers = headers;
  head.body = feed->Next();
  session.BeginStream(exchange, head);
  streams_.emplace(session.id(), Stream{&session, std::move(feed), loop_.Now()});
  LookAgainBy(loop_.Now() + kSoon);
}

LineStreams::State LineStreams::Advance(Stream& stream) {
  if (stream.session->HasUnsent()) return State::kBusy;
  const std::string lines = stream.feed->Next();
  if (lines.empty()) return stream.feed->HasEnded() ? State::kOver : State::kQuiet;
  stream.session->Stream(lines);
  stream.given_at = loop_.Now();
  return State::kBusy;
}

bool LineStreams::Look() {
  bool is_any_busy = false;
  for (auto at = streams_.begin(); at != streams_.end();) {
    const State state = Advance(at->second);
    if (state == State::kOver) {
      at->second.session->EndStream();
      at = streams_.erase(at);
      continue;
    }
    is_any_busy = is_any_busy || state == State::kBusy;
    ++at;
  }
  if (!streams_.empty()) LookAgainBy(loop_.Now() + (is_any_busy ? kSoon : kAtLast));
  return is_any_busy;
}

void LineStreams::LookAgainBy(SteadyTime at) {
  if (timer_ && timer_at_ <= at) return;
  if (timer_) loop_.Cancel(*timer_);
  timer_at_ = at;
  timer_ = loop_.RunAt(at, [this] {
    loop_.AssertOnLoop();
    timer_.reset();
    LookAtClients();
    Look();
  });
}

// The end of a client's side means on other paths that it waits for its answer. Here no answer has
// an end of its own, and a client that was killed must not keep a capture.
void LineStreams::LookAtClients() {
  std::vector<std::pair<http::Session*, http::CloseReason>> gone;
  for (const auto& [id, stream] : streams_) {
    http::Session& session = *stream.session;
    if (session.peer_state() != net::PeerState::kThere) {
      gone.emplace_back(&session, http::CloseReason::kClient);
    } else if (session.HasUnsent() && loop_.Now() - stream.given_at >= kTimeToRead) {
      gone.emplace_back(&session, http::CloseReason::kWriteTimeout);
    } else {
      stream.feed->LookAtCaller();
    }
  }
  for (const auto& [session, why] : gone) session->CloseNow(why);
}

void LineStreams::End() {
  for (const auto& [id, stream] : streams_) stream.session->EndStream();
  streams_.clear();
}

}  // namespace baton::pages
