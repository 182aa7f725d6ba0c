// Keeping and finding fallbacks.
#include "server/app/fallbacks.h"

#include <utility>

#include "server/api/fallback_body.h"

namespace baton::app {

FoundFallback FallbackOf(const RequestRecord& record, const serve::Reply& reply) {
  const std::size_t json_bytes = reply.json_bytes.value_or(reply.body.size());
  std::string json = reply.body.substr(0, json_bytes);
  json.erase(reply.own_begin, reply.own_size);
  FoundFallback found{api::FallbackBody(json, record.protocol_id, record.format), std::nullopt};
  if (reply.json_bytes) {
    found.json_bytes = found.body.size();
    found.body.append(reply.body, json_bytes);
  }
  return found;
}

void Remember(const RequestRecord& record, const serve::Reply& reply, SteadyTime now) {
  if (record.fallback_key.empty() || reply.json_bytes) return;
  std::string body = reply.body;
  body.erase(reply.own_begin, reply.own_size);
  // Marked now, once, and not at each miss.
  record.endpoint->last_good.Put(record.fallback_key, api::FallbackBody(body, {}, record.format),
                                 now);
}

std::optional<FoundFallback> FindFallback(const RequestRecord& record,
                                          const serve::FallbackPolicy& policy,
                                          const FallbackForms& forms, SteadyTime now) {
  using Kind = serve::FallbackPolicy::Kind;
  if (policy.kind == Kind::kConstant) {
    auto body = forms.DeclaredFallback(record, policy.constant);
    if (!body) return std::nullopt;
    return FoundFallback{std::move(*body), std::nullopt};
  }
  if (policy.kind != Kind::kLastGood || record.fallback_key.empty()) return std::nullopt;
  const auto found = record.endpoint->last_good.Find(record.fallback_key, policy.max_age, now);
  if (!found) return std::nullopt;
  return FoundFallback{api::WithId(*found->body, record.protocol_id, record.format), found->age};
}

}  // namespace baton::app
