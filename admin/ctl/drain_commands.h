// `batonctl drain` and `batonctl resume`.
#pragma once

#include "admin/ctl/admin_client.h"
#include "admin/ctl/commands.h"
#include "admin/ctl/look.h"
#include "server/base/clock.h"

namespace baton::ctl {

// With command.waits until nothing is in flight and nothing came for a second, at most for `most`:
// kDeadlineExceeded then; kConflict when somebody resumes meanwhile.
ExitCode RunDrain(const Command& command, AdminClient& client, Duration most, const Look& look);
ExitCode RunResume(AdminClient& client, const Look& look);

}  // namespace baton::ctl
