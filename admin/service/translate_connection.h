// Listeners and connections as the admin schema tells of them.
#pragma once

#include <optional>
#include <string>

#include "server/base/result.h"
#include "server/control/connection_state.h"

namespace baton::admin::v1 {
class Connection;
class ListenerState;
}  // namespace baton::admin::v1

namespace baton::admin {

void Fill(const control::ListenerFigures& figures, v1::ListenerState& listener);
void Fill(const control::ConnectionState& state, v1::Connection& connection);

// "connections/0-17".
std::string NameOf(const control::ConnectionKey& key);
// Out of that; kInvalidArgument, naming `field`, for another form.
Result<control::ConnectionKey> ToConnectionKey(const std::string& name, const std::string& field);
// "http" out of "listeners/http"; kInvalidArgument with the field "name" for another form.
Result<std::string> ToListenerName(const std::string& name);

}  // namespace baton::admin
