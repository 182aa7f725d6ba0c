// First whose key it is, then whether it is still good, then the rate.
#include "server/access/key_ring.h"

#include <utility>

#include "server/base/check.h"

namespace baton::access {

std::string_view ToText(KeyOutcome outcome) {
  constexpr std::array<std::string_view, kKeyOutcomes> kTexts = {"allowed", "over_rate", "expired",
                                                                 "missing", "unknown"};
  return kTexts[static_cast<std::size_t>(outcome)];
}

KeyRing::KeyRing(std::shared_ptr<const Secrets> secrets,
                 std::vector<std::shared_ptr<KeyAccount>> accounts,
                 std::shared_ptr<KeyAccount> strangers)
    : secrets_(std::move(secrets)),
      accounts_(std::move(accounts)),
      strangers_(std::move(strangers)) {
  BATON_CHECK(accounts_.size() == secrets_->holders().size());
}

KeyDecision KeyRing::Check(std::string_view presented, SteadyTime now, WallTime wall_now) const {
  KeyDecision decision;
  const Secrets::Found found = secrets_->Find(presented, wall_now);
  if (found.holder == nullptr) {
    decision.outcome = presented.empty() ? KeyOutcome::kMissing : KeyOutcome::kUnknown;
    strangers_->Count(decision.outcome);
    return decision;
  }
  KeyAccount& account = *accounts_[found.index];
  if (found.is_expired) {
    decision.outcome = KeyOutcome::kExpired;
  } else if (found.holder->rate) {
    decision.rate = found.holder->rate;
    decision.rate_left = account.bucket.Take(*decision.rate, now);
    if (!decision.rate_left.is_allowed) decision.outcome = KeyOutcome::kOverRate;
  }
  account.Count(decision.outcome);
  return decision;
}

}  // namespace baton::access
