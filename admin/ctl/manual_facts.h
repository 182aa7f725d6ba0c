// What the manual of batonctl says besides its commands.
#pragma once

#include "server/manual/program.h"

namespace baton::ctl {

manual::Program ManualOf(manual::CommandTree tree);

}  // namespace baton::ctl
