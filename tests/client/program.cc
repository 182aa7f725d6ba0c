// Child processes with pipes.
#include "tests/client/program.h"

#include <array>
#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

#include <spawn.h>

#include "server/base/check.h"

namespace baton::client {
namespace {

struct Pipe {
  UniqueFd read;
  UniqueFd write;
};

Pipe MakePipe() {
  std::array<int, 2> ends{};
  BATON_CHECK(::pipe2(ends.data(), O_CLOEXEC) == 0);
  return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

// Appends what `fd` has to `text` and closes it at its end.
void ReadSome(UniqueFd& fd, std::string& text) {
  std::array<char, 4096> buffer{};
  const ssize_t got = ::read(fd.get(), buffer.data(), buffer.size());
  if (got <= 0) {
    fd.Reset();
  } else {
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

}  // namespace

Program::Program(const std::string& path, std::vector<std::string> arguments,
                 const std::string& input) {
  Pipe in = MakePipe();
  Pipe out = MakePipe();
  Pipe error = MakePipe();
  BATON_CHECK(input.size() <= 64 << 10);
  BATON_CHECK(::write(in.write.get(), input.data(), input.size()) ==
              static_cast<ssize_t>(input.size()));
  in.write.Reset();

  arguments.insert(arguments.begin(), path);
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in.read.get(), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out.write.get(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, error.write.get(), STDERR_FILENO);
  BATON_CHECK(::posix_spawn(&pid_, path.c_str(), &actions, nullptr, argv.data(), environ) == 0);
  posix_spawn_file_actions_destroy(&actions);
  out_ = std::move(out.read);
  error_ = std::move(error.read);
}

ProgramResult Program::Wait() {
  ProgramResult result;
  while (out_.valid() || error_.valid()) {
    std::array<pollfd, 2> entries = {{{out_.get(), POLLIN, 0}, {error_.get(), POLLIN, 0}}};
    if (::poll(entries.data(), entries.size(), -1) < 0) continue;
    if (entries[0].revents != 0) ReadSome(out_, result.out);
    if (entries[1].revents != 0) ReadSome(error_, result.error);
  }
  int status = 0;
  BATON_CHECK(::waitpid(pid_, &status, 0) == pid_);
  if (WIFEXITED(status)) result.exit_code = WEXITSTATUS(status);
  return result;
}

}  // namespace baton::client
