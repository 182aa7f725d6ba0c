// Which files a server needs by its configuration, for landlock to leave it those.
#pragma once

#include "server/base/result.h"
#include "server/config/configuration.h"
#include "server/config/layers.h"
#include "server/lifecycle/path_rules.h"

namespace baton::app {

// The folders of every file that the configuration names, so that it may be replaced; every folder
// that it names; and where the configuration itself and libraries are. Links are followed as they
// are now. A setting counts by what help calls its value, FILE or DIR, so that new ones are
// covered. Errors: kInvalidArgument for readable_paths and writable_paths that are not there. Looks
// at the disk.
Result<lifecycle::PathNeeds> PathsOf(const config::Configuration& configuration,
                                     const config::Sources& sources);

}  // namespace baton::app
