// Operations as messages.
#include "admin/service/translate_operation.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <string_view>

#include "baton/admin/v1/admin_service.pb.h"
#include "baton/admin/v1/operation.pb.h"
#include "google/longrunning/operations.pb.h"
#include "google/rpc/status.pb.h"

#include "admin/messages/model_words.h"
#include "admin/service/status_mapping.h"
#include "admin/service/translate_model.h"

namespace baton::admin {
namespace {

using Kind = control::ModelChange::Kind;

constexpr double kMostWaitMs = 60'000;
constexpr Duration kUsualWait = 30s;

v1::ModelOperationKind ToKind(Kind kind) {
  switch (kind) {
    case Kind::kLoad: return v1::MODEL_OPERATION_KIND_LOAD;
    case Kind::kUnload: return v1::MODEL_OPERATION_KIND_UNLOAD;
    case Kind::kReload: return v1::MODEL_OPERATION_KIND_RELOAD;
  }
  return v1::MODEL_OPERATION_KIND_UNSPECIFIED;
}

v1::ModelOperation MetadataOf(const control::OperationState& state) {
  v1::ModelOperation metadata;
  metadata.set_kind(ToKind(state.change.kind));
  if (!state.change.name.empty()) {
    metadata.set_model(std::string(kModelPrefix) + state.change.name);
  }
  metadata.set_requested_by(state.caller.ToText());
  metadata.set_started_unix_ms(state.started_unix_ms);
  metadata.set_ended_unix_ms(state.ended_unix_ms);
  metadata.set_ahead(static_cast<int>(state.ahead));
  return metadata;
}

void FillResponse(Kind kind, const std::vector<control::ModelState>& models,
                  google::longrunning::Operation& operation) {
  if (kind == Kind::kReload) {
    v1::ReloadModelsResponse response;
    for (const control::ModelState& model : models) Fill(model, *response.add_models());
    operation.mutable_response()->PackFrom(response);
  } else {
    v1::Model response;
    if (!models.empty()) Fill(models.front(), response);
    operation.mutable_response()->PackFrom(response);
  }
}

std::string NumberText(double number) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%g", number);
  return text.data();
}

}  // namespace

void Fill(const control::OperationState& state, google::longrunning::Operation& operation) {
  operation.set_name(std::string(kOperationPrefix) + state.name);
  operation.mutable_metadata()->PackFrom(MetadataOf(state));
  operation.set_done(state.is_done());
  if (!state.is_done()) return;
  if (const auto& outcome = *state.outcome; outcome) {
    FillResponse(state.change.kind, *outcome, operation);
  } else {
    *operation.mutable_error() = ToRpcStatus(outcome.error());
  }
}

Result<std::string> ToOperationName(const std::string& resource_name) {
  if (resource_name.starts_with(kOperationPrefix) &&
      resource_name.size() > kOperationPrefix.size()) {
    return resource_name.substr(kOperationPrefix.size());
  }
  return FailValue("name", "a name such as \"operations/692166c1-000012\"",
                   '"' + resource_name + '"');
}

Result<Duration> ToWaitTime(double timeout_ms) {
  if (!(timeout_ms >= 0 && timeout_ms <= kMostWaitMs)) {
    return FailValue("timeout_ms", "0 to 60000", NumberText(timeout_ms));
  }
  if (timeout_ms == 0) return kUsualWait;
  return Duration(std::llround(timeout_ms * 1e6));
}

}  // namespace baton::admin
