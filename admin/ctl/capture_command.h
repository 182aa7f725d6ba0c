// Shows what clients send, or writes it down.
#pragma once

#include "admin/ctl/admin_client.h"
#include "admin/ctl/commands.h"
#include "admin/ctl/exit_code.h"

namespace baton::ctl {

// Lines of JSON on standard output, or in a new file that nobody else may read; what becomes of the
// capture on standard error. Ends with the capture.
ExitCode RunCapture(const Command& command, AdminClient& client);

}  // namespace baton::ctl
