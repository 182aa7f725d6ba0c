// `batonctl get|set limits|admission|logging` and `batonctl log-level`.
#pragma once

#include "admin/ctl/admin_client.h"
#include "admin/ctl/commands.h"
#include "admin/ctl/look.h"

namespace baton::ctl {

ExitCode RunGetSettings(const Command& command, AdminClient& client, const Look& look);
ExitCode RunSetSettings(const Command& command, AdminClient& client, const Look& look);
// Shows the level, or changes it first.
ExitCode RunLogLevel(const Command& command, AdminClient& client, const Look& look);

}  // namespace baton::ctl
