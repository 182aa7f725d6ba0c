// `batonctl context`: the servers that an operator has names for.
#pragma once

#include "admin/ctl/commands.h"
#include "admin/ctl/look.h"

namespace baton::ctl {

// Requires: command.kind is one of kContext...
ExitCode RunContext(const Command& command, const Look& look);

}  // namespace baton::ctl
