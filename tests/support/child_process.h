// Code that may end its process, or change what cannot be changed back, in a process of its own.
#pragma once

#include <cstdio>
#include <filesystem>
#include <functional>
#include <iterator>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace baton::testing_support {

// What `run` returns in a child process. Call it while this process has one thread.
inline int InAChild(const std::function<int()>& run) {
  std::fflush(nullptr);  // else what is buffered would be written by both
  const pid_t child = fork();
  if (child == 0) _exit(run());
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status)) << "ended by signal " << WTERMSIG(status);
  return WEXITSTATUS(status);
}

// Whether a child process has one thread: a sanitizer may start one of its own there.
inline bool ChildrenHaveOneThread() {
  return InAChild([] {
           const std::filesystem::directory_iterator threads("/proc/self/task");
           return std::distance(begin(threads), end(threads)) == 1 ? 0 : 1;
         }) == 0;
}

}  // namespace baton::testing_support
