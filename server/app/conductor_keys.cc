// Who is let in, where clients need API keys.
#include <chrono>
#include <utility>

#include "server/access/presented.h"
#include "server/api/key_refusal.h"
#include "server/app/conductor.h"

namespace baton::app {

void Conductor::Use(std::shared_ptr<const access::KeyRing> keys) {
  loop_.Post([this, keys = std::move(keys)]() mutable {
    loop_.AssertOnLoop();
    keys_ = std::move(keys);
  });
}

std::optional<access::KeyDecision> Conductor::DecideOfKey(const http::Request& request) {
  if (!shared_.gateway.NeedsKey(request)) return std::nullopt;
  const std::string_view key =
      access::PresentedKey(request.Header("Authorization"), request.Header("X-API-Key"));
  return keys_->Check(key, loop_.Now(), std::chrono::system_clock::now());
}

// What a request takes of a rate it takes once: what is decided of its head is kept for the rest.
bool Conductor::IsLetIn(http::Session& session, const http::Request& head) {
  const std::optional<access::KeyDecision> decision = DecideOfKey(head);
  if (!decision) return true;
  key_decisions_[static_cast<std::uint64_t>(session.id())] = *decision;
  return decision->is_allowed();
}

std::optional<access::KeyDecision> Conductor::KeyDecisionOf(http::Session& session,
                                                            const http::Request& request) {
  const auto decided = key_decisions_.find(static_cast<std::uint64_t>(session.id()));
  if (decided == key_decisions_.end()) return DecideOfKey(request);
  std::optional<access::KeyDecision> decision = decided->second;
  key_decisions_.erase(decided);
  return decision;
}

void Conductor::RefuseForKey(http::Session& session, http::ExchangeId exchange,
                             const http::Request& request, const access::KeyDecision& decision) {
  const Index index = Receive(session, exchange, shared_.gateway.unknown(), request);
  http::Response refusal = api::KeyRefusal(decision);
  desk_.NoteInvalid(index, refusal.status);
  TellOfTrace(index, refusal.headers);
  session.Answer(exchange, std::move(refusal));
}

void Conductor::TellOfRate(Index index, std::string& headers) {
  const auto rated = rated_.find(index);
  if (rated == rated_.end()) return;
  api::AppendRateLimit(headers, rated->second);
  rated_.erase(rated);
}

}  // namespace baton::app
