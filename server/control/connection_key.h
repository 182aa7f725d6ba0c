// The names of connections.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "server/control/connection_state.h"

namespace baton::control {

// In the place of a conductor: whose connections are those of the data plane over gRPC, and of the
// admin plane.
inline constexpr int kGrpcConnections = 1024;
inline constexpr int kAdminConnections = 1025;

// "0-17", "grpc-3" or "admin-1".
std::string ToText(const ConnectionKey& key);
// Empty for a text of another form.
std::optional<ConnectionKey> ParseConnectionKey(std::string_view text);

}  // namespace baton::control
