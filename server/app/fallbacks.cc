// Keeping and finding fallbacks.
#include "server/app/fallbacks.h"

#include <utility>

#include "server/api/fallback_body.h"

namespace baton::app {

Fallbacks::Fallbacks(std::size_t endpoints) {
  const serve::FallbackPolicy defaults;
  for (std::size_t i = 0; i < endpoints; ++i) {
    stores_.push_back(std::make_unique<serve::LastGood>(defaults.max_bytes));
  }
}

void Fallbacks::SetPolicies(const std::vector<serve::EndpointPolicy>& policies) {
  for (std::size_t i = 0; i < stores_.size() && i < policies.size(); ++i) {
    stores_[i]->SetMaxBytes(policies[i].fallback.max_bytes);
  }
}

void Fallbacks::Remember(const RequestRecord& record, const serve::Reply& reply, SteadyTime now) {
  if (record.fallback_key.empty()) return;
  std::string body = reply.body;
  body.erase(reply.own_begin, reply.own_size);
  // Marked now, once, and not at each miss.
  stores_[record.endpoint->index]->Put(record.fallback_key,
                                       api::FallbackBody(body, {}, record.is_oip), now);
}

std::optional<Fallbacks::Found> Fallbacks::Find(const RequestRecord& record,
                                                const serve::FallbackPolicy& policy,
                                                SteadyTime now) const {
  using Kind = serve::FallbackPolicy::Kind;
  if (policy.kind == Kind::kConstant) {
    return Found{api::FallbackBody(policy.constant, record.protocol_id, record.is_oip),
                 std::nullopt};
  }
  if (policy.kind != Kind::kLastGood || record.fallback_key.empty()) return std::nullopt;
  const auto found =
      stores_[record.endpoint->index]->Find(record.fallback_key, policy.max_age, now);
  if (!found) return std::nullopt;
  return Found{api::WithId(*found->body, record.protocol_id, record.is_oip), found->age};
}

}  // namespace baton::app
