// `batonctl top` and `batonctl watch`: a server at work, seen once an interval.
#pragma once

#include "admin/ctl/commands.h"
#include "admin/ctl/look.h"
#include "admin/ctl/target.h"
#include "server/base/clock.h"

namespace baton::ctl {

// Where to look, and how often.
struct Lookout {
  Reach reach;
  Duration timeout{};   // for each call
  Duration interval{};  // between two looks
};

// Until q, or once. What goes wrong meanwhile is shown, and tried again.
ExitCode RunTop(const Command& command, const Lookout& lookout, const Look& look);

// A line an interval, command.count of them, or until it is interrupted.
ExitCode RunWatch(const Command& command, const Lookout& lookout, const Look& look);

}  // namespace baton::ctl
