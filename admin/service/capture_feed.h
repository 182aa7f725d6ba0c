// The method that shows an operator what clients send.
#pragma once

#include <cstddef>
#include <functional>
#include <string_view>

#include "admin/service/admin_door.h"
#include "admin/service/admin_feed.h"
#include "server/control/control_port.h"
#include "server/rpc/plain_method.h"

namespace baton::admin {

// CaptureRequests. `tell` as of OpenAdminFeed. A message takes about `message_bytes`, and has one
// request at least, however large that is.
OpenedAdminFeed OpenCapture(control::ControlPort& control, const control::Caller& caller,
                            std::string_view message, std::function<void()> tell,
                            std::size_t message_bytes);

// The same over gRPC, for whoever `door` has let in. `tell_feeds` makes its calls look for
// news, and may be called from any thread. Everything outlives it.
rpc::PlainMethods MakeCaptureMethods(control::ControlPort& control, const AdminDoor& door,
                                     std::function<void()> tell_feeds);

}  // namespace baton::admin
