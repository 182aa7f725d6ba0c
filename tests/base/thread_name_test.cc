// A thread bears the name that it was given, or as much of it as the kernel keeps.
#include "server/base/thread_name.h"

#include <array>
#include <thread>

#include <gtest/gtest.h>

namespace baton {
namespace {

std::string NameOnceNamed(const std::string& name) {
  std::array<char, 16> shown{};
  std::jthread([&] {
    NameThisThread(name);
    pthread_getname_np(pthread_self(), shown.data(), shown.size());
  }).join();
  return shown.data();
}

TEST(ThreadNameTest, ItIsWhatTheSystemShows) {
  EXPECT_EQ(NameOnceNamed("conductor-0"), "conductor-0");
}

TEST(ThreadNameTest, ALongOneIsCut) {
  EXPECT_EQ(NameOnceNamed("worker-0123456789"), "worker-01234567");
}

}  // namespace
}  // namespace baton
