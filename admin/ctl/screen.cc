// A terminal taken over whole, and given back as it was.
#include "admin/ctl/screen.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <poll.h>
#include <string_view>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace baton::ctl {
namespace {

constexpr std::string_view kEnter = "\x1b[?1049h\x1b[?25l";  // another screen, no cursor
constexpr std::string_view kLeave = "\x1b[?25h\x1b[?1049l";
constexpr std::string_view kHome = "\x1b[H";
constexpr std::string_view kClearLine = "\x1b[K";
constexpr std::string_view kClearBelow = "\x1b[J";
constexpr char kControlC = 3;

void Write(std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(STDOUT_FILENO, text.data(), text.size());
    if (count <= 0) return;  // nobody looks any more
    text.remove_prefix(static_cast<std::size_t>(count));
  }
}

UniqueFd BlockSignals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGWINCH}) sigaddset(&set, signal);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  return UniqueFd(::signalfd(-1, &set, SFD_CLOEXEC));
}

Screen::Event ReadSignal(int signals) {
  signalfd_siginfo info{};
  if (::read(signals, &info, sizeof(info)) != sizeof(info)) return Screen::Event::kQuit;
  return info.ssi_signo == SIGWINCH ? Screen::Event::kResized : Screen::Event::kQuit;
}

Screen::Event ReadKey() {
  char key = 0;
  if (::read(STDIN_FILENO, &key, 1) != 1) return Screen::Event::kQuit;  // the terminal has gone
  return key == 'q' || key == 'Q' || key == kControlC ? Screen::Event::kQuit : Screen::Event::kNone;
}

}  // namespace

Screen::Screen() : signals_(BlockSignals()) {
  ::tcgetattr(STDIN_FILENO, &before_);
  termios raw = before_;
  raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO | ISIG);
  raw.c_cc[VMIN] = 1;
  raw.c_cc[VTIME] = 0;
  ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw);
  Write(kEnter);
}

Screen::~Screen() {
  Write(kLeave);
  ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
}

FrameSize Screen::size() const {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return {};
  return {size.ws_col, size.ws_row};
}

void Screen::Draw(const std::string& lines) const {
  std::string text(kHome);
  for (const char letter : lines) {
    if (letter == '\n') text += std::string(kClearLine) + "\r";
    text += letter;
  }
  if (text.ends_with('\n')) text.pop_back();  // the last one would scroll
  Write(text + std::string(kClearBelow));
}

Screen::Event Screen::Wait(Duration most) const {
  std::array<pollfd, 2> sources = {{{STDIN_FILENO, POLLIN, 0}, {signals_.get(), POLLIN, 0}}};
  const auto millis =
      std::chrono::ceil<std::chrono::milliseconds>(std::max(most, Duration::zero()));
  if (::poll(sources.data(), sources.size(), static_cast<int>(millis.count())) <= 0) {
    return Event::kNone;
  }
  return sources[1].revents != 0 ? ReadSignal(signals_.get()) : ReadKey();
}

bool HasTerminal() { return ::isatty(STDIN_FILENO) == 1 && ::isatty(STDOUT_FILENO) == 1; }

}  // namespace baton::ctl
