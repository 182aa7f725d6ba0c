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
  streams_.emplace(session.id(), Stream{&session, std::move(feed)});
  LookAt(loop_.Now() + kSoon);
}

LineStreams::State LineStreams::Advance(const Stream& stream) {
  if (stream.session->HasUnsent()) return State::kBusy;
  const std::string lines = stream.feed->Next();
  if (lines.empty()) return stream.feed->HasEnded() ? State::kOver : State::kQuiet;
  stream.session->Stream(lines);
  return State::kBusy;
}

void LineStreams::Look() {
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
  if (!streams_.empty()) LookAt(loop_.Now() + (is_any_busy ? kSoon : kAtLast));
}

void LineStreams::LookAt(SteadyTime at) {
  if (timer_ && timer_at_ <= at) return;
  if (timer_) loop_.Cancel(*timer_);
  timer_at_ = at;
  timer_ = loop_.RunAt(at, [this] {
    loop_.AssertOnLoop();
    timer_.reset();
    EndWhoHasLeft();
    Look();
  });
}

// Nothing is read behind the request of a stream, so that its end is seen by asking alone.
void LineStreams::EndWhoHasLeft() {
  std::vector<http::Session*> gone;
  for (const auto& [id, stream] : streams_) {
    if (stream.session->peer_state() != net::PeerState::kThere) gone.push_back(stream.session);
  }
  for (http::Session* session : gone) session->CloseNow(http::CloseReason::kClient);
}

void LineStreams::End() {
  for (const auto& [id, stream] : streams_) stream.session->EndStream();
  streams_.clear();
}

}  // namespace baton::pages
