// A picture of a server at work, for a terminal.
#pragma once

#include <string>

#include "admin/ctl/look.h"
#include "admin/ctl/snapshot.h"

namespace baton::ctl {

struct FrameSize {
  int columns = 80;
  int lines = 24;
};

// Lines of at most `size.columns`, at most `size.lines` of them: what the server does, its pool,
// and the endpoints with the most load. `server` is where it was asked.
std::string Frame(const Snapshot& before, const Snapshot& after, const std::string& server,
                  FrameSize size, const Look& look);

// "1234.5", "98765": a rate in few letters.
std::string RateText(double rate);

}  // namespace baton::ctl
