// Between the messages of the admin schema and the plain structs of the control port.
#include "admin/service/translate.h"

#include <charconv>
#include <string_view>
#include <utility>

#include "baton/admin/v1/admin_service.pb.h"

#include "admin/service/field_mask.h"

namespace baton::admin {
namespace {

constexpr std::string_view kPoolName = "pool";

}  // namespace

void Fill(const control::PoolState& state, v1::Pool& pool) {
  pool.set_name(std::string(kPoolName));
  pool.set_size(state.size);
  pool.set_busy(state.busy);
  pool.set_idle(state.idle);
  pool.set_retiring(state.retiring);
  pool.set_zombies(state.zombies);
  pool.set_generation(state.generation);
  pool.set_etag(std::to_string(state.generation));
}

void Fill(const control::ServerState& state, v1::ServerStatus& status) {
  status.set_version(state.version);
  status.set_uptime_seconds(ToSeconds(state.uptime));
  status.set_ready(state.ready);
  status.set_draining(state.draining);
  status.set_drained(state.drained);
  for (const control::ListenerState& listener : state.listeners) {
    v1::Listener* added = status.add_listeners();
    added->set_name(listener.name);
    added->set_address(listener.address);
  }
  Fill(state.pool, *status.mutable_pool());
  status.set_conductors(state.conductors);
  status.set_connections(state.connections);
  status.set_pending_responses(state.pending_responses);
  status.set_queue_depth(state.queue_depth);
  status.set_requests_total(state.requests_total);
  status.set_misses_total(state.misses_total);
  status.set_late_answers_total(state.late_answers_total);
  status.set_generation(state.generation);
  status.set_config_generation(state.configuration.generation);
  status.set_config_hash(state.configuration.hash);
}

Result<control::PoolUpdate> ToUpdate(const v1::UpdatePoolRequest& request) {
  if (Status status = CheckPoolName(request.pool().name()); !status) {
    return tl::unexpected<Error>(status.error());
  }
  const auto fields = FieldsToChange(request.update_mask(), request.pool(), "pool", {"size"});
  if (!fields) return tl::unexpected<Error>(fields.error());
  const auto generation = ToGeneration(request.pool().etag());
  if (!generation) return tl::unexpected<Error>(generation.error());

  control::PoolUpdate update;
  if (fields->contains("size")) update.size = request.pool().size();
  update.expected_generation = *generation;
  update.validate_only = request.validate_only();
  return update;
}

Result<std::optional<control::Generation>> ToGeneration(const std::string& etag) {
  if (etag.empty()) return std::optional<control::Generation>();
  control::Generation generation = 0;
  const char* end = etag.data() + etag.size();
  const auto [stop, error] = std::from_chars(etag.data(), end, generation);
  if (error != std::errc() || stop != end) {
    return Fail(ErrorCode::kAborted,
                "etag: expected the generation that the change is based on, got \"" + etag + "\"",
                "etag");
  }
  return std::optional<control::Generation>(generation);
}

Status CheckPoolName(const std::string& name) {
  if (name.empty() || name == kPoolName) return {};
  return Fail(ErrorCode::kNotFound, "name: there is one pool, \"pool\"; got \"" + name + "\"",
              "name");
}

ChangeTexts TextsOf(const control::Changed<control::PoolState>& changed) {
  return {"size=" + std::to_string(changed.before.size),
          "size=" + std::to_string(changed.after.size)};
}

}  // namespace baton::admin
