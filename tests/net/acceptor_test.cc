// Connections come in, wait while it is stopped, and are refused when descriptors run out.
#include "server/net/acceptor.h"

#include <fcntl.h>
#include <memory>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
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
        acceptor_(
            harness_.loop(), listening_.get(),
            [this](UniqueFd fd) { accepted_.push_back(std::move(fd)); },
            [this] { ++turned_away_; }) {}

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
  void Pause() {
    harness_.loop().AssertOnLoop();
    acceptor_.Pause();
  }
  void Resume() {
    harness_.loop().AssertOnLoop();
    acceptor_.Resume();
  }
  void AcceptAll() {
    harness_.loop().AssertOnLoop();
    acceptor_.AcceptAll();
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
  int turned_away_ = 0;
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

TEST_F(AcceptorTest, AllThatWaitAreAcceptedAtOnceWhenAsked) {
  ConnectClients(65);
  Start();
  AcceptAll();
  EXPECT_EQ(accepted_.size(), 65u);
  EXPECT_EQ(ReadBacklog(listening_.get()).depth, 0u);
}

TEST_F(AcceptorTest, OfASocketThatListensNoMoreNothingIsAccepted) {
  Start();
  shutdown(listening_.get(), SHUT_RD);
  AcceptAll();
  EXPECT_TRUE(accepted_.empty());
}

TEST_F(AcceptorTest, ACrowdIsAcceptedInSeveralTurns) {
  Start();
  ConnectClients(65);
  harness_.Turn();
  EXPECT_EQ(accepted_.size(), 64u);
  harness_.Turn();
  EXPECT_EQ(accepted_.size(), 65u);
}

TEST_F(AcceptorTest, WhilePausedConnectionsStayInTheBacklogUntilItResumes) {
  Start();
  Pause();
  Pause();
  ConnectClients(2);
  harness_.Turn();
  EXPECT_TRUE(accepted_.empty());
  Resume();
  Resume();
  harness_.Turn();
  EXPECT_EQ(accepted_.size(), 2u);
}

TEST_F(AcceptorTest, APauseTakesEffectWithinACrowd) {
  Acceptor* acceptor = nullptr;
  std::vector<UniqueFd> accepted;
  Acceptor once(harness_.loop(), listening_.get(), [&](UniqueFd fd) {
    harness_.loop().AssertOnLoop();
    accepted.push_back(std::move(fd));
    acceptor->Pause();
  });
  acceptor = &once;
  harness_.loop().AssertOnLoop();
  once.Start();
  ConnectClients(3);
  harness_.Turns(2);
  EXPECT_EQ(accepted.size(), 1u);
  EXPECT_TRUE(once.is_paused());
  once.Stop();
}

TEST_F(AcceptorTest, StartedWhilePausedItBeginsWhenItResumes) {
  Pause();
  Start();
  ConnectClients(1);
  harness_.Turn();
  EXPECT_TRUE(accepted_.empty());
  Resume();
  harness_.Turn();
  EXPECT_EQ(accepted_.size(), 1u);
}

TEST_F(AcceptorTest, ResumingDoesNotStartWhatWasStopped) {
  Start();
  Pause();
  Stop();
  Resume();
  ConnectClients(1);
  harness_.Turn();
  EXPECT_TRUE(accepted_.empty());
}

// Its first start fails, so that it tries again after a break; by then its place is a listening
// socket.
class AcceptorBreakTest : public AcceptorTest {
 protected:
  AcceptorBreakTest() {
    UniqueFd place(dup(listening_.get()));
    place_ = place.get();
    place.Reset();
    late_ = std::make_unique<Acceptor>(harness_.loop(), place_,
                                       [this](UniqueFd fd) { accepted_.push_back(std::move(fd)); });
    harness_.loop().AssertOnLoop();
    late_->Start();
    socket_ = UniqueFd(dup2(listening_.get(), place_));
    ConnectClients(1);
  }
  ~AcceptorBreakTest() override {
    harness_.loop().AssertOnLoop();
    late_->Stop();
  }

  int place_ = -1;
  UniqueFd socket_;
  std::unique_ptr<Acceptor> late_;
};

TEST_F(AcceptorBreakTest, ItGoesOnByItselfAfterItsBreak) {
  harness_.Advance(20ms - 1ns);
  harness_.Turn();
  EXPECT_TRUE(accepted_.empty());
  harness_.Advance(1ns);
  harness_.Turn();
  EXPECT_EQ(accepted_.size(), 1u);
}

TEST_F(AcceptorBreakTest, TheEndOfItsBreakDoesNotEndAPause) {
  harness_.loop().AssertOnLoop();
  late_->Pause();
  harness_.Advance(20ms);
  harness_.Turn();
  EXPECT_TRUE(accepted_.empty());
  late_->Resume();
  harness_.Turn();
  EXPECT_EQ(accepted_.size(), 1u);
}

TEST_F(AcceptorBreakTest, TheEndOfAPauseDoesNotEndItsBreak) {
  harness_.loop().AssertOnLoop();
  late_->Pause();
  late_->Resume();
  harness_.Turn();
  EXPECT_TRUE(accepted_.empty());
  harness_.Advance(20ms);
  harness_.Turn();
  EXPECT_EQ(accepted_.size(), 1u);
}

TEST_F(AcceptorBreakTest, AStopEndsItForGood) {
  harness_.loop().AssertOnLoop();
  late_->Stop();
  harness_.Advance(20ms);
  harness_.Turn();
  EXPECT_TRUE(accepted_.empty());
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
  EXPECT_EQ(turned_away_, 3);
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
  EXPECT_EQ(turned_away_, 1);
}

TEST_F(AcceptorTest, WithoutDescriptorsAndWithNobodyWaitingNobodyIsTurnedAway) {
  StartAndAcceptOne();
  {
    const DescriptorFamine famine;
    harness_.loop().AssertOnLoop();
    acceptor_.OnEvents(EPOLLIN);
  }
  EXPECT_EQ(turned_away_, 0);
}

}  // namespace
}  // namespace baton::net
