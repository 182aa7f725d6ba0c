// What the shells' completion asks of batonctl.
#pragma once

#include <span>
#include <string>

#include "admin/ctl/exit_code.h"
#include "server/manual/command_tree.h"

namespace baton::ctl {

// A line for each candidate, with a tab before its help. Names are asked of the server for half a
// second at most; one that does not answer has none.
ExitCode RunComplete(const manual::CommandTree& tree, std::span<const std::string> words);

}  // namespace baton::ctl
