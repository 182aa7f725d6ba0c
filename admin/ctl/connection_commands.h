// `batonctl get listeners`, `batonctl get connections` and `batonctl close`.
#pragma once

#include "admin/ctl/admin_client.h"
#include "admin/ctl/commands.h"
#include "admin/ctl/look.h"

namespace baton::ctl {

ExitCode RunGetListeners(AdminClient& client, const Look& look);
// Who could not be asked is named on standard error.
ExitCode RunGetConnections(AdminClient& client, const Look& look);
ExitCode RunCloseConnection(const Command& command, AdminClient& client, const Look& look);

}  // namespace baton::ctl
