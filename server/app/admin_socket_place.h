// Which Unix socket the admin plane listens on.
#pragma once

#include <string>

#include "server/app/server_options.h"

namespace baton::app {

// A path; empty: none. "auto" is a usual path where this process may make the socket and no server
// has it; its folder is made where there is none, for `user` if this is root, so that the socket
// can be removed at the end. Without the admin plane's address "auto" is none.
std::string PlaceOfAdminSocket(const ServerOptions& options, const std::string& runtime_folder);

}  // namespace baton::app
