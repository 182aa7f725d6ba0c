// A method behind a check.
#include "server/api/grpc/key_check.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <string_view>
#include <utility>

#include "server/access/presented.h"
#include "server/api/key_refusal.h"

namespace baton::api {
namespace {

constexpr std::array<std::string_view, 2> kOpen = {"/inference.GRPCInferenceService/ServerLive",
                                                   "/inference.GRPCInferenceService/ServerReady"};
constexpr std::string_view kHealth = "/grpc.health.v1.Health/";

std::optional<std::string_view> Metadata(const grpc::ServerContext& call, std::string_view name) {
  const auto found = call.client_metadata().find(grpc::string_ref(name.data(), name.size()));
  if (found == call.client_metadata().end()) return std::nullopt;
  return std::string_view(found->second.data(), found->second.size());
}

grpc::Status Check(const grpc::ServerContext& call, const access::ApiKeys& keys,
                   const Clock& clock) {
  const std::string_view key =
      access::PresentedKey(Metadata(call, "authorization"), Metadata(call, "x-api-key"));
  const access::KeyDecision decision =
      keys.Check(key, clock.Now(), std::chrono::system_clock::now());
  if (decision.is_allowed()) return {};
  return {decision.outcome == access::KeyOutcome::kOverRate ? grpc::StatusCode::RESOURCE_EXHAUSTED
                                                            : grpc::StatusCode::UNAUTHENTICATED,
          KeyRefusalText(decision)};
}

}  // namespace

void RequireKeys(rpc::PlainMethods& methods, const access::ApiKeys& keys, const Clock& clock) {
  for (auto& [path, method] : methods) {
    const bool is_open =
        path.starts_with(kHealth) || std::find(kOpen.begin(), kOpen.end(), path) != kOpen.end();
    if (is_open) continue;
    method.answer = [&keys, &clock, answer = std::move(method.answer)](
                        const rpc::PlainAsk& ask, const rpc::PlainReply& reply) {
      if (const grpc::Status status = Check(ask.call, keys, clock); !status.ok()) {
        reply(status, {});
      } else {
        answer(ask, reply);
      }
    };
  }
}

}  // namespace baton::api
