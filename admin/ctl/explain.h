// `batonctl explain`: what a word of Baton means, without a server.
#pragma once

#include <string>

#include "admin/ctl/exit_code.h"
#include "admin/ctl/look.h"

namespace baton::ctl {

// Of no word: the groups of words. Of a group: its words. Of anything else: what it means.
ExitCode RunExplain(const std::string& word, const Look& look);

}  // namespace baton::ctl
