// What was probably meant by a command line that makes no sense.
#pragma once

#include <span>
#include <string>

#include "server/manual/command_tree.h"

namespace baton::ctl {

// "unknown command 'frob' of batonctl get; did you mean pool?", for the first word of `unknown`.
// `words` is the command line without its first word; they say how far it made sense.
// Requires: unknown is not empty.
std::string UnknownText(const manual::CommandTree& tree, std::span<const std::string> words,
                        const std::string& unknown);

}  // namespace baton::ctl
