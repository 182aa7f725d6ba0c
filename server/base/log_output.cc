// Standard error is shared with others (a terminal, a shell's pipe): its flags stay as they are,
// and what cannot be written at once is waited for with poll(2), a part that surely fits at a time.
#include "server/base/log_output.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "server/base/clock.h"
#include "server/base/log.h"

namespace baton {
namespace {

constexpr mode_t kForOwnerAlone = 0600;
constexpr int kOpening = O_WRONLY | O_APPEND | O_NONBLOCK | O_CLOEXEC | O_NOCTTY;
constexpr int kLookAgainMs = 50;  // whether to give up
constexpr Duration kPatienceAtTheEnd = 1s;

std::int64_t SteadyMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

Status CannotWrite(const std::string& file, const std::string& reason) {
  return Fail(ErrorCode::kInvalidArgument, "cannot write the log to '" + file + "': " + reason,
              "log.file");
}

Status CannotWrite(const std::string& file) {
  // What open(2) says of a pipe without a reader.
  return CannotWrite(file, errno == ENXIO ? "nobody reads this pipe" : std::strerror(errno));
}

std::uint64_t LinesIn(std::string_view text) {
  return static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
}

// What fits into a pipe that has any room at all; up to the end of a line where one ends in it, so
// that lines of several processes do not mix.
std::string_view Part(std::string_view rest) {
  if (rest.size() <= PIPE_BUF) return rest;
  const std::size_t end = rest.substr(0, PIPE_BUF).rfind('\n');
  return rest.substr(0, end == std::string_view::npos ? PIPE_BUF : end + 1);
}

}  // namespace

Status CheckLogFile(const std::string& file) {
  if (file.empty()) return {};
  struct stat status {};
  if (::stat(file.c_str(), &status) == 0 && S_ISFIFO(status.st_mode)) {
    // Opened and closed, it would have ended for its reader.
    if (::access(file.c_str(), W_OK) == 0) return {};
    return CannotWrite(file);
  }
  const UniqueFd fd(::open(file.c_str(), kOpening));
  if (fd.valid()) return {};
  if (errno != ENOENT) return CannotWrite(file);
  std::filesystem::path folder = std::filesystem::path(file).parent_path();
  if (folder.empty()) folder = ".";
  if (::access(folder.c_str(), W_OK | X_OK) == 0) return {};
  return CannotWrite(file, "folder " + folder.string() + ": " + std::strerror(errno));
}

Result<UniqueFd> LogOutput::OpenFile(const std::string& file) {
  UniqueFd fd(::open(file.c_str(), kOpening | O_CREAT, kForOwnerAlone));
  if (fd.valid()) return fd;
  return tl::unexpected<Error>(CannotWrite(file).error());
}

LogOutput::LogOutput() : fd_(STDERR_FILENO) { Look(); }

LogOutput::LogOutput(UniqueFd file) : owned_(std::move(file)), fd_(owned_.get()) { Look(); }

LogOutput::~LogOutput() { UniqueFd(next_.exchange(-1)).Reset(); }

void LogOutput::Look() {
  struct stat status {};
  const bool is_known = ::fstat(fd_, &status) == 0;
  is_socket_ = is_known && S_ISSOCK(status.st_mode);
  never_blocks_ = is_known && S_ISREG(status.st_mode);
  may_be_cut_ = never_blocks_ && (::fcntl(fd_, F_GETFL) & O_APPEND) != 0;
  is_line_open_ = false;
}

bool LogOutput::IsTerminal() const { return ::isatty(fd_) != 0; }

void LogOutput::Replace(UniqueFd file) { UniqueFd(next_.exchange(file.Release())).Reset(); }

void LogOutput::GiveUp() {
  const auto patience = std::chrono::duration_cast<std::chrono::milliseconds>(kPatienceAtTheEnd);
  give_up_ms_ = SteadyMs() + patience.count();
}

void LogOutput::TakeNext() {
  const int next = next_.exchange(-1);
  if (next < 0) return;
  owned_.Reset(next);
  fd_ = next;
  Look();
}

bool LogOutput::WaitUntilWritable() const {
  for (;;) {
    const std::int64_t end = give_up_ms_;
    const bool is_over = end >= 0 && SteadyMs() >= end;
    pollfd wanted{fd_, POLLOUT, 0};
    const int ready = ::poll(&wanted, 1, is_over ? 0 : kLookAgainMs);
    if (ready > 0 || (ready < 0 && errno != EINTR)) return true;  // the write says what is wrong
    if (is_over) return false;
  }
}

// Takes off `rest` what it has written. False where no more can be.
bool LogOutput::WriteAll(std::string_view& rest) {
  while (!rest.empty()) {
    if (!never_blocks_ && !WaitUntilWritable()) return false;
    const std::string_view part = never_blocks_ ? rest : Part(rest);
    const ssize_t written = is_socket_
                                ? ::send(fd_, part.data(), part.size(), MSG_DONTWAIT | MSG_NOSIGNAL)
                                : ::write(fd_, part.data(), part.size());
    if (written < 0 && errno != EINTR && errno != EAGAIN) return false;
    if (written == 0) return false;
    if (written > 0) rest.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

// A line that was cut off, `written` bytes of it, is taken back or ended later.
void LogOutput::MendTornLine(std::size_t written) {
  if (written == 0) return;
  struct stat status {};
  const auto size = static_cast<off_t>(written);
  const bool is_cut = may_be_cut_ && ::fstat(fd_, &status) == 0 && status.st_size >= size &&
                      ::ftruncate(fd_, status.st_size - size) == 0;
  is_line_open_ = !is_cut;
}

std::uint64_t LogOutput::Write(std::string_view lines) {
  TakeNext();
  if (is_line_open_) {
    std::string_view end = "\n";
    if (!WriteAll(end)) return LinesIn(lines);
    is_line_open_ = false;
  }
  std::string_view rest = lines;
  if (WriteAll(rest)) return 0;
  const std::size_t written = lines.size() - rest.size();
  const std::size_t last_end = lines.substr(0, written).rfind('\n');
  MendTornLine(last_end == std::string_view::npos ? written : written - last_end - 1);
  return LinesIn(rest);
}

}  // namespace baton
