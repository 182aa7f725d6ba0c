// Where the lines of the log go: a descriptor whose disk may be full, or whose pipe may be closed,
// or read by nobody.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "server/base/fd.h"
#include "server/base/result.h"

namespace baton {

// Threads: Write on one; the rest any.
class LogOutput {
 public:
  // Standard error, which is not closed.
  LogOutput();
  // Appends to a file, and makes it where it is not there, for its owner alone. Errors:
  // kInvalidArgument.
  static Result<UniqueFd> OpenFile(const std::string& file);
  explicit LogOutput(UniqueFd file);
  ~LogOutput();
  LogOutput(const LogOutput&) = delete;
  LogOutput& operator=(const LogOutput&) = delete;

  // Writes whole lines, each with its '\n', and returns how many of them are lost. Waits for a
  // reader of a pipe, until GiveUp.
  std::uint64_t Write(std::string_view lines);

  // The next line goes there.
  void Replace(UniqueFd file);
  // From now on nobody is waited for longer than a second in all.
  void GiveUp();

  bool IsTerminal() const;

 private:
  void TakeNext();
  void Look();  // what kind of file it is
  bool WaitUntilWritable() const;
  bool WriteAll(std::string_view& rest);
  void MendTornLine(std::size_t written);

  // The writer's.
  UniqueFd owned_;  // none for standard error
  int fd_;
  bool is_socket_ = false;
  bool never_blocks_ = false;  // an ordinary file
  bool may_be_cut_ = false;    // an ordinary file that is appended to
  bool is_line_open_ = false;  // the last line has an end to come

  // Any thread.
  std::atomic<int> next_{-1};
  std::atomic<std::int64_t> give_up_ms_{-1};  // of the steady clock; negative: never
};

}  // namespace baton
