// Where servers and their operators meet on one machine: the admin plane's Unix socket.
#pragma once

#include <string>
#include <vector>

namespace baton::control {

// Its usual paths, the caller's own first: in `runtime_folder` ($XDG_RUNTIME_DIR), unless that is
// empty, and in /run.
std::vector<std::string> UsualAdminSockets(const std::string& runtime_folder);

// Whether a server takes connections there, and this process may make one.
bool IsServed(const std::string& socket);

}  // namespace baton::control
