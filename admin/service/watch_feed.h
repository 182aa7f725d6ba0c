// What the server does, second by second, for whoever watches other than over gRPC.
#pragma once

#include <functional>
#include <string_view>

#include "admin/service/admin_feed.h"

namespace baton::admin {

// WatchStatus: the newest at once, and then whatever is the newest when it is asked.
OpenedAdminFeed OpenWatch(control::ControlPort& control, std::string_view message,
                          std::function<void()> tell);

}  // namespace baton::admin
