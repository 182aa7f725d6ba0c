// A terminal taken over whole, and given back as it was.
#pragma once

#include <string>

#include <termios.h>

#include "admin/ctl/frame.h"
#include "server/base/clock.h"
#include "server/base/fd.h"

namespace baton::ctl {

// Keys come without being shown, and signals that would end or resize the program come out of
// Wait(). Threads: to be made before any other thread is, which would take the signals instead.
class Screen {
 public:
  Screen();
  ~Screen();
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  FrameSize size() const;
  // Lines that end with line breaks; what stood there before goes.
  void Draw(const std::string& lines) const;

  enum class Event { kNone, kQuit, kResized };
  // kNone when the time is up, or another key was pressed.
  Event Wait(Duration most) const;

 private:
  termios before_{};
  UniqueFd signals_;
};

// Whether standard input and output are terminals.
bool HasTerminal();

}  // namespace baton::ctl
