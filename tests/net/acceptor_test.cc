// Connections come in, wait while it is stopped, and are refused when descriptors run out.
#include "server/net/acceptor.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "server/net/socket.h"
#include "tests/support/loop_harness.h"
#include "tests/support/sockets.h"
#include "tests/support/wait_until.h"

namespace baton::net {
namespace {

using testing_support::Connect;
using testing_support::ListenAnywhere;
using testing_support::WaitUntil;

class AcceptorTest : public testing::Test {
 protected:
  AcceptorTest()
      : listening_(ListenAnywhere()),
        acceptor_(harness_.loop(), listening_.get(),
                  [this](UniqueFd fd) { accepted_.push_back(std::move(fd)); }) {}

  void Start() {
    harness_.loop().AssertOnLoop();
    acceptor_.Start();
  }
  // The undefined behaviour sanitizer looks a class up when it meets it first, and needs a
  // descriptor for that.
  void StartAndAcceptOne() {
    Start();
    ConnectClients(1);
    harness_.Turn();
    accepted_.clear();
    clients_.clear();
  }
  void Stop() {
    harness_.loop().AssertOnLoop();
    acceptor_.Stop();
  }
  void ConnectClients(std::size_t count) {
    const std::size_t waiting = ReadBacklog(listening_.get()).depth + count;
    for (std::size_t i = 0; i < count; ++i)
      clients_.push_back(Connect(LocalPort(listening_.get())));
    WaitUntil([&] { return ReadBacklog(listening_.get()).depth == waiting; });
  }

  testing_support::LoopHarness harness_;
  UniqueFd listening_;
  std::vector<UniqueFd> accepted_;
  std::vector<UniqueFd> clients_;
  Acceptor acceptor_;
};

TEST_F(AcceptorTest, EveryConnectionThatWaitsIsHandedOn) {
  Start();
  ConnectClients(3);
  harness_.Turn();
  EXPECT_EQ(accepted_.size(), 3u);
}

TEST_F(AcceptorTest, WhatItHandsOnDoesNotBlock) {
  Start();
  ConnectClients(1);
  harness_.Turn();
  ASSERT_EQ(accepted_.size(), 1u);
  EXPECT_NE(fcntl(accepted_[0].get(), F_GETFL) & O_NONBLOCK, 0);
  EXPECT_NE(fcntl(accepted_[0].get(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST_F(AcceptorTest, BeforeItIsStartedConnectionsWait) {
  ConnectClients(2);
  harness_.Turn();
  EXPECT_TRUE(accepted_.empty());
  Start();
  harness_.Turn();
  EXPECT_EQ(accepted_.size(), 2u);
}

TEST_F(AcceptorTest, AfterStopConnectionsStayInTheBacklog) {
  Start();
  Stop();
  ConnectClients(2);
  harness_.Turn();
  EXPECT_TRUE(accepted_.empty());
  EXPECT_EQ(ReadBacklog(listening_.get()).depth, 2u);
}

TEST_F(AcceptorTest, ACrowdIsAcceptedInSeveralTurns) {
  Start();
  ConnectClients(65);
  harness_.Turn();
  EXPECT_EQ(accepted_.size(), 64u);
  harness_.Turn();
  EXPECT_EQ(accepted_.size(), 65u);
}

// While it lives, this process gets no more descriptors.
class DescriptorFamine {
 public:
  DescriptorFamine() {
    EXPECT_EQ(getrlimit(RLIMIT_NOFILE, &before_), 0);
    rlimit tight = before_;
    tight.rlim_cur = 512;
    EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &tight), 0);
    for (int fd = 0; (fd = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0;) taken_.emplace_back(fd);
    EXPECT_EQ(errno, EMFILE);
  }
  ~DescriptorFamine() { setrlimit(RLIMIT_NOFILE, &before_); }
  DescriptorFamine(const DescriptorFamine&) = delete;
  DescriptorFamine& operator=(const DescriptorFamine&) = delete;

 private:
  rlimit before_{};
  std::vector<UniqueFd> taken_;
};

// Closed, or reset, by the other end.
bool IsTurnedAway(const UniqueFd& client) {
  char byte = 0;
  const ssize_t n = recv(client.get(), &byte, 1, MSG_DONTWAIT);
  return n == 0 || (n < 0 && errno == ECONNRESET);
}

TEST_F(AcceptorTest, WithoutDescriptorsThoseWhoWaitAreTurnedAwayAtOnce) {
  StartAndAcceptOne();
  ConnectClients(3);
  {
    const DescriptorFamine famine;
    harness_.Turn();
  }
  EXPECT_TRUE(accepted_.empty());
  for (const UniqueFd& client : clients_) {
    WaitUntil([&] { return IsTurnedAway(client); });
  }
}

TEST_F(AcceptorTest, OnceThereAreDescriptorsAgainItGoesOnAtOnce) {
  StartAndAcceptOne();
  ConnectClients(1);
  {
    const DescriptorFamine famine;
    harness_.Turn();
  }
  ConnectClients(1);
  harness_.Turn();
  EXPECT_EQ(accepted_.size(), 1u);
}

}  // namespace
}  // namespace baton::net
