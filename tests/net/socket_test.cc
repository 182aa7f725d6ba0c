// Listening sockets: where they end up, why they fail, and what the kernel says of their queue.
#include "server/net/socket.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <string>
#include <sys/resource.h>
#include <sys/socket.h>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/sockets.h"
#include "tests/support/wait_until.h"

namespace baton::net {
namespace {

using testing::HasSubstr;
using testing_support::Connect;
using testing_support::ListenAnywhere;
using testing_support::WaitUntil;

TEST(ListenTest, PortZeroGivesAPortThatCanBeConnectedTo) {
  const UniqueFd listening = ListenAnywhere();
  EXPECT_GT(LocalPort(listening.get()), 0);
  EXPECT_TRUE(Connect(LocalPort(listening.get())).valid());
}

TEST(ListenTest, TheSocketNeitherBlocksNorOutlivesAnExec) {
  const UniqueFd listening = ListenAnywhere();
  EXPECT_NE(fcntl(listening.get(), F_GETFL) & O_NONBLOCK, 0);
  EXPECT_NE(fcntl(listening.get(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST(ListenTest, AcceptedConnectionsSendSmallAnswersAtOnce) {
  const testing_support::SocketPair pair = testing_support::TcpPair();
  int no_delay = 0;
  socklen_t size = sizeof(no_delay);
  ASSERT_EQ(getsockopt(pair.ours.get(), IPPROTO_TCP, TCP_NODELAY, &no_delay, &size), 0);
  EXPECT_NE(no_delay, 0);
}

TEST(ListenTest, AcceptedConnectionsTakeLittleForAPeerThatReadsNothing) {
  const testing_support::SocketPair pair = testing_support::TcpPair();
  const std::string data(64 * 1024, 'x');
  ssize_t taken = 0;
  ssize_t n = 0;
  while ((n = send(pair.ours.get(), data.data(), data.size(), MSG_NOSIGNAL)) > 0) taken += n;
  EXPECT_GE(taken, 128 * 1024);
  EXPECT_LE(taken, 512 * 1024);  // by default the kernel takes 2.5 MiB or more
}

TEST(PeerStateTest, APeerThatStaysIsThere) {
  const testing_support::SocketPair pair = testing_support::TcpPair();
  EXPECT_EQ(ReadPeerState(pair.ours.get()), PeerState::kThere);
}

TEST(PeerStateTest, APeerThatSendsNoMoreIsNotTakenForGone) {
  const testing_support::SocketPair pair = testing_support::TcpPair();
  shutdown(pair.peer.get(), SHUT_WR);
  WaitUntil([&] { return ReadPeerState(pair.ours.get()) == PeerState::kEndedInput; });
  shutdown(pair.ours.get(), SHUT_WR);
  EXPECT_NE(ReadPeerState(pair.ours.get()), PeerState::kThere);
}

TEST(PeerStateTest, AResetPeerIsGone) {
  testing_support::SocketPair pair = testing_support::TcpPair();
  testing_support::Reset(pair.peer);
  WaitUntil([&] { return ReadPeerState(pair.ours.get()) == PeerState::kGone; });
}

TEST(PeerStateTest, APeerThatHasClosedIsGoneOnceItWasWrittenTo) {
  testing_support::SocketPair pair = testing_support::TcpPair();
  pair.peer.Reset();
  WaitUntil([&] { return ReadPeerState(pair.ours.get()) == PeerState::kEndedInput; });
  testing_support::SendAll(pair.ours, "answer");
  WaitUntil([&] { return ReadPeerState(pair.ours.get()) == PeerState::kGone; });
}

TEST(PeerStateTest, OfWhatIsNoTcpSocketNothingIsKnown) {
  const testing_support::SocketPair pair = testing_support::LocalPair();
  EXPECT_EQ(ReadPeerState(pair.ours.get()), PeerState::kThere);
}

TEST(ListenTest, APortInUseIsAnErrorThatNamesTheAddress) {
  const UniqueFd first = ListenAnywhere();
  const ListenAddress same{false, "127.0.0.1", LocalPort(first.get())};
  const Result<UniqueFd> second = Listen(same, 16);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kAlreadyExists);
  EXPECT_THAT(second.error().message, HasSubstr("cannot listen on " + same.ToText()));
  EXPECT_THAT(second.error().message, HasSubstr("in use"));
}

TEST(ListenTest, AnAddressOfAnotherMachineIsAnErrorThatNamesIt) {
  const Result<UniqueFd> listening = Listen({false, "192.0.2.1", 0}, 16);
  ASSERT_FALSE(listening);
  EXPECT_EQ(listening.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(listening.error().message, HasSubstr("192.0.2.1:0"));
}

TEST(ListenTest, WhatIsNoAddressIsAnError) {
  const Result<UniqueFd> listening = Listen({false, "nowhere", 80}, 16);
  ASSERT_FALSE(listening);
  EXPECT_THAT(listening.error().message, HasSubstr("nowhere:80"));
}

TEST(ListenTest, Ipv6WorksWhereTheMachineHasIt) {
  const Result<UniqueFd> listening = Listen({false, "::1", 0}, 16);
  if (!listening) GTEST_SKIP() << "no IPv6 here: " << listening.error().message;
  EXPECT_GT(LocalPort(listening->get()), 0);
}

TEST(BacklogTest, ItsDepthIsTheConnectionsThatWait) {
  const UniqueFd listening = ListenAnywhere(8);
  EXPECT_EQ(ReadBacklog(listening.get()).depth, 0u);
  EXPECT_EQ(ReadBacklog(listening.get()).limit, 8u);
  std::vector<UniqueFd> clients;
  for (int i = 0; i < 3; ++i) clients.push_back(Connect(LocalPort(listening.get())));
  WaitUntil([&] { return ReadBacklog(listening.get()).depth == 3; });
  const UniqueFd accepted(accept(listening.get(), nullptr, nullptr));
  EXPECT_EQ(ReadBacklog(listening.get()).depth, 2u);
  EXPECT_EQ(ReadBacklog(listening.get()).drops, 0u);
}

TEST(BacklogTest, AFullOneCountsThoseItTurnsAway) {
  const UniqueFd listening = ListenAnywhere(1);
  std::vector<UniqueFd> clients;
  for (int i = 0; i < 2; ++i) clients.push_back(Connect(LocalPort(listening.get())));
  WaitUntil([&] { return ReadBacklog(listening.get()).depth == 2; });  // limit + 1
  clients.push_back(Connect(LocalPort(listening.get()), /*is_blocking=*/false));
  WaitUntil([&] { return ReadBacklog(listening.get()).drops > 0; });
  EXPECT_EQ(ReadBacklog(listening.get()).depth, 2u);
}

TEST(PeerTextTest, ItIsTheOtherEndsAddress) {
  const testing_support::SocketPair pair = testing_support::TcpPair();
  EXPECT_EQ(PeerText(pair.ours.get()), "127.0.0.1:" + std::to_string(LocalPort(pair.peer.get())));
}

TEST(PeerTextTest, WithoutAPeerItIsUnknown) {
  EXPECT_EQ(PeerText(ListenAnywhere().get()), "unknown");
}

TEST(DescriptorLimitTest, ItIsRaisedToTheHardOne) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(RaiseDescriptorLimit(), before.rlim_max);
  rlimit after{};
  getrlimit(RLIMIT_NOFILE, &after);
  EXPECT_EQ(after.rlim_cur, before.rlim_max);
  setrlimit(RLIMIT_NOFILE, &before);
}

}  // namespace
}  // namespace baton::net
