// Giving up root once the listening sockets are open.
#pragma once

#include <string>

#include "server/base/result.h"

namespace baton::lifecycle {

// Started as root, becomes the unprivileged user `name` with none of root's groups, for all
// threads; does nothing otherwise. Files and sockets that are open stay usable. kInternal when the
// user is not there or the change fails.
Status DropPrivileges(const std::string& name);

// What DropPrivileges would say of a user that is not there; changes nothing.
Status CheckUser(const std::string& name);

}  // namespace baton::lifecycle
