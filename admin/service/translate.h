// Between the messages of the admin schema and the plain structs of the control port.
#pragma once

#include <optional>
#include <string>

#include "server/base/result.h"
#include "server/control/control_port.h"

namespace baton::admin::v1 {
class Pool;
class ServerStatus;
class UpdatePoolRequest;
}  // namespace baton::admin::v1

namespace baton::admin {

void Fill(const control::PoolState& state, v1::Pool& pool);
void Fill(const control::ServerState& state, v1::ServerStatus& status);

// What the request asks for. kInvalidArgument for what cannot be said to the control port (ranges
// are its own care); kAborted for an etag that no generation can have.
Result<control::PoolUpdate> ToUpdate(const v1::UpdatePoolRequest& request);

// The generation that an etag stands for; none for an empty one, kAborted as above.
Result<std::optional<control::Generation>> ToGeneration(const std::string& etag);

// Accepts "pool" and nothing; kNotFound for another name.
Status CheckPoolName(const std::string& name);

// What changed, for the log: "size=2" and "size=4".
struct ChangeTexts {
  std::string before;
  std::string after;
};
ChangeTexts TextsOf(const control::Changed<control::PoolState>& changed);

}  // namespace baton::admin
