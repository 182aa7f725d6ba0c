// Places among the connections of one client address, and which address a socket is of.
#include "server/net/client_places.h"

#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/sockets.h"

namespace baton::net {
namespace {

constexpr ClientAddress kOne{1};
constexpr ClientAddress kOther{2};

TEST(ClientPlacesTest, AnAddressHasAsManyAsTheLimitAndNoMore) {
  ClientPlaces places(2);
  const auto first = places.Take(kOne);
  const auto second = places.Take(kOne);
  EXPECT_TRUE(first && second);
  EXPECT_FALSE(places.Take(kOne));
}

TEST(ClientPlacesTest, AddressesDoNotTakeEachOthersPlaces) {
  ClientPlaces places(1);
  const auto one = places.Take(kOne);
  EXPECT_TRUE(places.Take(kOther));
}

TEST(ClientPlacesTest, WhoGoesGivesThePlaceBack) {
  ClientPlaces places(1);
  auto place = places.Take(kOne);
  place.reset();
  EXPECT_TRUE(places.Take(kOne));
}

TEST(ClientPlacesTest, APlaceThatMovesIsStillOne) {
  ClientPlaces places(1);
  auto place = places.Take(kOne);
  {
    ClientPlace moved = *std::move(place);
    place.reset();
    EXPECT_FALSE(places.Take(kOne));
    moved = *places.Take(kOther);
    EXPECT_TRUE(places.Take(kOne)) << "assigning gives the old one back";
  }
  EXPECT_EQ(places.addresses(), 0u);
}

TEST(ClientPlacesTest, NothingIsKeptOfAnAddressWithoutConnections) {
  ClientPlaces places(8);
  for (std::uint64_t address = 0; address < 1000; ++address) places.Take(ClientAddress{address});
  EXPECT_EQ(places.addresses(), 0u);
}

TEST(ClientPlacesTest, ManyThreadsTogetherHaveNoMoreThanTheLimit) {
  ClientPlaces places(10);
  std::vector<std::optional<ClientPlace>> taken(40);
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < 4; ++i) {
      threads.emplace_back([&, i] {
        for (std::size_t k = i * 10; k < i * 10 + 10; ++k) taken[k] = places.Take(kOne);
      });
    }
  }
  std::size_t count = 0;
  for (const auto& place : taken) count += place ? 1 : 0;
  EXPECT_EQ(count, 10u);
}

TEST(ClientAddressTest, TwoConnectionsOfOneAddressHaveTheSame) {
  const testing_support::SocketPair one = testing_support::TcpPair();
  const testing_support::SocketPair other = testing_support::TcpPair();
  const ClientAddress address = ReadClientAddress(one.ours.get());
  EXPECT_NE(address, ClientAddress{0});
  EXPECT_EQ(address, ReadClientAddress(other.ours.get()));
}

sockaddr_in6 Ipv6(const char* text) {
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  inet_pton(AF_INET6, text, &address.sin6_addr);
  return address;
}

ClientAddress Of(const sockaddr_in6& address) {
  return ToClientAddress(reinterpret_cast<const sockaddr&>(address));
}

TEST(ClientAddressTest, OfIpv6TheNetworkCounts) {
  EXPECT_EQ(Of(Ipv6("2001:db8:1:2::3")), Of(Ipv6("2001:db8:1:2:4:5:6:7")));
  EXPECT_NE(Of(Ipv6("2001:db8:1:2::3")), Of(Ipv6("2001:db8:1:3::3")));
}

TEST(ClientAddressTest, AnIpv4AddressIsTheSameOnAnIpv6Listener) {
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  inet_pton(AF_INET, "192.0.2.1", &v4.sin_addr);
  const ClientAddress address = ToClientAddress(reinterpret_cast<const sockaddr&>(v4));
  EXPECT_EQ(Of(Ipv6("::ffff:192.0.2.1")), address);
  EXPECT_NE(Of(Ipv6("::ffff:192.0.2.2")), address);
}

TEST(ClientAddressTest, WhatIsNoTcpSocketHasNone) {
  const testing_support::SocketPair pair = testing_support::LocalPair();
  EXPECT_EQ(ReadClientAddress(pair.ours.get()), ClientAddress{0});
}

}  // namespace
}  // namespace baton::net
