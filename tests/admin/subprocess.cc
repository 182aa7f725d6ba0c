// Runs a program to its end and keeps what it said.
#include "tests/admin/subprocess.h"

#include <array>
#include <cstdio>
#include <memory>
#include <sys/wait.h>
#include <unistd.h>

#include <spawn.h>

namespace baton::admin {
namespace {

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::string ReadAll(std::FILE* file) {
  std::rewind(file);
  std::string text;
  std::array<char, 4096> chunk;
  while (const std::size_t got = std::fread(chunk.data(), 1, chunk.size(), file)) {
    text.append(chunk.data(), got);
  }
  return text;
}

}  // namespace

Outcome RunProgram(const std::vector<std::string>& arguments,
                   const std::vector<std::string>& environment) {
  const File out(std::tmpfile());
  const File err(std::tmpfile());
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, fileno(out.get()), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, fileno(err.get()), STDERR_FILENO);

  std::vector<std::string> argument_texts = arguments;
  std::vector<std::string> environment_texts = environment;
  for (char** entry = environ; *entry != nullptr; ++entry) environment_texts.emplace_back(*entry);
  pid_t child = 0;
  const int failure =
      posix_spawn(&child, arguments.front().c_str(), &actions, nullptr,
                  Pointers(argument_texts).data(), Pointers(environment_texts).data());
  posix_spawn_file_actions_destroy(&actions);

  Outcome outcome;
  int status = 0;
  if (failure == 0 && waitpid(child, &status, 0) == child && WIFEXITED(status)) {
    outcome.exit_code = WEXITSTATUS(status);
  }
  outcome.out = ReadAll(out.get());
  outcome.err = ReadAll(err.get());
  return outcome;
}

}  // namespace baton::admin
