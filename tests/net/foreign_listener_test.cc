// Who is handed over, when, and how the ends of connections are told apart.
#include "server/net/foreign_listener.h"

#include <chrono>
#include <fcntl.h>
#include <memory>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include "server/net/socket.h"
#include "server/net/tls/tls_context.h"
#include "tests/support/certificates.h"
#include "tests/support/loop_harness.h"
#include "tests/support/sockets.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/wait_until.h"

namespace baton::net {
namespace {

using testing_support::Identity;
using testing_support::IsAtEnd;
using testing_support::ListenAnywhere;
using testing_support::SendAll;
using testing_support::TlsPeer;
using testing_support::WaitUntil;

// The library is the test: it holds what it is given.
class ForeignListenerTest : public testing::Test {
 protected:
  explicit ForeignListenerTest(bool speaks_tls = false) {
    UniqueFd listening = ListenAnywhere();
    port_ = LocalPort(listening.get());
    listener_->AddDoor(
        {std::move(listening), speaks_tls, 3, 2, [this](UniqueFd fd) { Take(std::move(fd)); }});
    loop().AssertOnLoop();
    listener_->Start();
  }

  virtual void Take(UniqueFd fd) {
    listed_when_taken_ = listener_->List(std::nullopt, 10);
    taken_.push_back(std::move(fd));
  }

  EventLoop& loop() { return harness_.loop(); }
  UniqueFd Connect(std::string_view says = {}) {
    UniqueFd client = testing_support::Connect(port_);
    if (!says.empty()) SendAll(client, says);
    return client;
  }
  template <typename Predicate>
  void TurnUntil(Predicate is_so) {
    WaitUntil([&] {
      harness_.Turn();
      return is_so();
    });
  }
  std::uint64_t Closed(ForeignEnd why) const {
    return listener_->books().closed[static_cast<std::size_t>(why)];
  }
  std::int64_t Count(ForeignState state) const {
    return listener_->books().connections[static_cast<std::size_t>(state)];
  }
  std::uint64_t Handshakes(HandshakeOutcome outcome) const {
    return (*listener_->books().handshakes)[static_cast<std::size_t>(outcome)];
  }
  void StopHandingOver() {
    loop().AssertOnLoop();
    listener_->StopHandingOver();
  }

  static constexpr Duration kOpeningTime = 10s;
  testing_support::LoopHarness harness_;
  std::unique_ptr<ForeignListener> listener_ =
      std::make_unique<ForeignListener>(harness_.loop(), kOpeningTime);
  std::uint16_t port_ = 0;
  std::vector<UniqueFd> taken_;
  std::vector<ForeignConnection> listed_when_taken_;
};

TEST_F(ForeignListenerTest, WhoSaysSomethingIsHandedOverWithAllThatWasSaid) {
  const UniqueFd client = Connect();
  TurnUntil([&] { return Count(ForeignState::kOpening) == 1; });
  harness_.Turns(3);
  EXPECT_TRUE(taken_.empty());
  SendAll(client, "PRI");
  TurnUntil([&] { return !taken_.empty(); });
  EXPECT_EQ(testing_support::ReceiveNow(taken_[0]), "PRI");
  EXPECT_EQ(Count(ForeignState::kOpen), 1);
  EXPECT_EQ(listener_->books().accepted, 1U);
}

TEST_F(ForeignListenerTest, WhoAsksOverItIsListedAsOpen) {
  const UniqueFd client = Connect("PRI");
  TurnUntil([&] { return !taken_.empty(); });
  ASSERT_EQ(listed_when_taken_.size(), 1U);
  EXPECT_TRUE(listed_when_taken_[0].is_open) << "the library may answer before it returns";
}

TEST_F(ForeignListenerTest, WhoSaysNothingInTimeIsClosed) {
  const UniqueFd client = Connect();
  TurnUntil([&] { return Count(ForeignState::kOpening) == 1; });
  harness_.Advance(kOpeningTime);
  EXPECT_EQ(Closed(ForeignEnd::kHeaderTimeout), 1U);
  WaitUntil([&] { return IsAtEnd(client); });
  EXPECT_TRUE(taken_.empty());
}

TEST_F(ForeignListenerTest, WhoIsOpenMayBeSilent) {
  const UniqueFd client = Connect("PRI");
  TurnUntil([&] { return !taken_.empty(); });
  harness_.Advance(kOpeningTime);
  harness_.Turns(3);
  EXPECT_EQ(Count(ForeignState::kOpen), 1);
}

TEST_F(ForeignListenerTest, WhoLeavesBeforeItsTurnIsNotHandedOver) {
  UniqueFd client = Connect();
  TurnUntil([&] { return Count(ForeignState::kOpening) == 1; });
  client.Reset();
  TurnUntil([&] { return Closed(ForeignEnd::kClient) == 1; });
  EXPECT_TRUE(taken_.empty());
}

// The library reads the end, and ends the connection by shutdown(2).
TEST_F(ForeignListenerTest, AClientsEndIsToldFromTheLibrarys) {
  UniqueFd leaves = Connect("PRI");
  TurnUntil([&] { return taken_.size() == 1; });
  leaves.Reset();
  shutdown(taken_[0].get(), SHUT_RDWR);
  TurnUntil([&] { return Closed(ForeignEnd::kClient) == 1; });
  const UniqueFd is_left = Connect("PRI");
  TurnUntil([&] { return taken_.size() == 2; });
  shutdown(taken_[1].get(), SHUT_RDWR);
  taken_[1].Reset();
  TurnUntil([&] { return Closed(ForeignEnd::kError) == 1; });
  WaitUntil([&] { return IsAtEnd(is_left); });
  EXPECT_EQ(Count(ForeignState::kOpen), 0);
}

TEST_F(ForeignListenerTest, AnOperatorSeesAndClosesThemByNumber) {
  const UniqueFd first = Connect("PRI");
  TurnUntil([&] { return taken_.size() == 1; });
  const UniqueFd second = Connect();
  TurnUntil([&] { return listener_->books().accepted == 2; });
  const auto all = listener_->List(std::nullopt, 10);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_TRUE(all[0].is_open);
  EXPECT_EQ(all[0].peer.substr(0, 10), "127.0.0.1:");
  EXPECT_EQ(all[0].received_bytes, 3U);
  EXPECT_FALSE(all[1].is_open);
  EXPECT_EQ(listener_->List(std::nullopt, 1).size(), 1U);
  EXPECT_EQ(listener_->List(all[0].number, 10).front().number, all[1].number);

  for (const auto& one : all) EXPECT_TRUE(listener_->Close(one.number)->is_leaving);
  TurnUntil([&] { return Closed(ForeignEnd::kOperator) == 2; });
  EXPECT_EQ(testing_support::ReceiveNow(taken_[0]), "PRI");
  EXPECT_TRUE(IsAtEnd(taken_[0]));
  EXPECT_FALSE(listener_->Close(all[0].number));
  EXPECT_TRUE(listener_->List(std::nullopt, 10).empty());
}

TEST_F(ForeignListenerTest, AnAddressHasOnlySoManyUntilOneOfItsEnds) {
  UniqueFd first = Connect("PRI");
  const UniqueFd second = Connect("PRI");
  TurnUntil([&] { return Count(ForeignState::kOpen) == 2; });
  const UniqueFd third = Connect("PRI");
  TurnUntil([&] { return Closed(ForeignEnd::kAddressLimit) == 1; });
  WaitUntil([&] { return IsAtEnd(third); });
  first.Reset();
  shutdown(taken_[0].get(), SHUT_RDWR);
  TurnUntil([&] { return Count(ForeignState::kOpen) == 1; });
  const UniqueFd again = Connect("PRI");
  TurnUntil([&] { return Count(ForeignState::kOpen) == 2; });
}

TEST_F(ForeignListenerTest, ADrainTurnsAwayWhoComesAndNamesTheEndsOfOthers) {
  const UniqueFd open = Connect("PRI");
  TurnUntil([&] { return taken_.size() == 1; });
  const UniqueFd silent = Connect();
  TurnUntil([&] { return Count(ForeignState::kOpening) == 1; });
  StopHandingOver();
  EXPECT_EQ(Closed(ForeignEnd::kDrain), 1U);
  shutdown(taken_[0].get(), SHUT_RDWR);
  TurnUntil([&] { return Closed(ForeignEnd::kDrain) == 2; });
  EXPECT_EQ(listener_->books().open(), 0U);
}

TEST_F(ForeignListenerTest, WhatIsStillThereAtTheEndIsClosed) {
  const UniqueFd client = Connect("PRI");
  TurnUntil([&] { return taken_.size() == 1; });
  listener_.reset();
  WaitUntil([&] { return IsAtEnd(client); });
}

class ForeignTlsListenerTest : public ForeignListenerTest {
 protected:
  ForeignTlsListenerTest() : ForeignListenerTest(true) {
    folder_.Write("tls.crt", identity_.certificate());
    folder_.Write("tls.key", identity_.key());
    auto loaded = TlsContext::Load({folder_.path() / "tls.crt", folder_.path() / "tls.key", ""},
                                   std::chrono::system_clock::now());
    EXPECT_TRUE(loaded);
    context_ = std::make_unique<TlsContext>(*std::move(loaded));
  }

  void Take(UniqueFd fd) override {
    connections_.push_back(context_->Accept(fd.get()));
    taken_.push_back(std::move(fd));
  }
  // What the library does with what has come.
  void Go() {
    for (const auto& one : connections_) SSL_do_handshake(one.get());
    harness_.Turn();
  }
  // A client that has said hello.
  struct Client {
    explicit Client(UniqueFd connected) : fd(std::move(connected)), peer(fd) { peer.Handshake(); }
    UniqueFd fd;
    TlsPeer peer;
  };
  std::unique_ptr<Client> Greet() {
    UniqueFd fd = Connect();
    BATON_CHECK(fcntl(fd.get(), F_SETFL, O_NONBLOCK) == 0);
    return std::make_unique<Client>(std::move(fd));
  }

  const Identity identity_{{.name = "localhost"}};
  const testing_support::TemporaryFolder folder_;
  std::unique_ptr<TlsContext> context_;
  std::vector<std::unique_ptr<ssl_st, TlsDeleter>> connections_;
};

TEST_F(ForeignTlsListenerTest, OneHandshakeAtATimeAndARestBehindIt) {
  const auto first = Greet();
  const auto second = Greet();
  TurnUntil([&] { return Count(ForeignState::kOpening) == 2; });
  TurnUntil([&] { return connections_.size() == 1; });
  harness_.Turns(3);
  EXPECT_EQ(connections_.size(), 1U);
  Go();  // the first is answered
  harness_.Turns(3);
  EXPECT_EQ(connections_.size(), 1U) << "it rests for as long as that took, and more";
  harness_.Advance(10ms);
  TurnUntil([&] { return connections_.size() == 2; });
  EXPECT_EQ(Count(ForeignState::kOpening), 2);
  TurnUntil([&] {
    Go();
    return first->peer.Handshake() && second->peer.Handshake();
  });
  for (const auto& one : connections_) SSL_do_handshake(one.get());
  for (const auto& one : listener_->List(std::nullopt, 2)) {
    EXPECT_TRUE(one.is_open) << "though the loop has not heard of it";
  }
  TurnUntil([&] {
    Go();
    return Count(ForeignState::kOpen) == 2;
  });
  EXPECT_EQ(Handshakes(HandshakeOutcome::kFull), 2U);
  EXPECT_EQ(listener_->List(std::nullopt, 1)[0].tls_version, "TLSv1.3");
}

TEST_F(ForeignTlsListenerTest, AClientThatStopsInTheMiddleHoldsUpTheNextForAMomentOnly) {
  const auto first = Greet();
  TurnUntil([&] { return connections_.size() == 1; });  // and the library does nothing
  const auto second = Greet();
  TurnUntil([&] { return Count(ForeignState::kOpening) == 2; });
  harness_.Turns(3);
  EXPECT_EQ(connections_.size(), 1U);
  harness_.Advance(20ms);
  TurnUntil([&] { return connections_.size() == 2; });
  harness_.Advance(kOpeningTime);
  TurnUntil([&] { return Closed(ForeignEnd::kHeaderTimeout) == 2; });
}

TEST_F(ForeignTlsListenerTest, ARecordThatIsNotCompleteIsWaitedFor) {
  const UniqueFd client = Connect(std::string_view("\x16\x03\x01\x00\x05xxxx", 9));
  TurnUntil([&] { return Count(ForeignState::kOpening) == 1; });
  harness_.Turns(5);
  EXPECT_TRUE(connections_.empty());
  SendAll(client, "x");
  TurnUntil([&] { return connections_.size() == 1; });
  Go();
  connections_.clear();
  EXPECT_EQ(Handshakes(HandshakeOutcome::kBroken), 1U);
}

TEST_F(ForeignTlsListenerTest, WhatIsNoTlsNeverComesToTheLibrary) {
  const UniqueFd text = Connect("GET / HTTP/1.1\r\n");
  TurnUntil([&] { return Handshakes(HandshakeOutcome::kPlainHttp) == 1; });
  const UniqueFd other = Connect(std::string_view("\x80\x2e\x01\x03\x00", 5));
  TurnUntil([&] { return Handshakes(HandshakeOutcome::kBroken) == 1; });
  const UniqueFd too_large = Connect(std::string_view("\x16\x03\x01\xff\xff", 5));
  TurnUntil([&] { return Handshakes(HandshakeOutcome::kBroken) == 2; });
  EXPECT_TRUE(connections_.empty());
  EXPECT_EQ(Closed(ForeignEnd::kError), 3U);
}

TEST_F(ForeignTlsListenerTest, HandshakesMayOutliveTheListener) {
  const auto client = Greet();
  TurnUntil([&] { return connections_.size() == 1; });
  const auto counts = listener_->books().handshakes;
  listener_.reset();
  connections_.clear();
  EXPECT_EQ((*counts)[static_cast<std::size_t>(HandshakeOutcome::kAbandoned)], 1U);
}

}  // namespace
}  // namespace baton::net
