// Certificates that change while a listener serves.
#include "server/net/tls/tls_listener.h"

#include <chrono>
#include <csignal>
#include <memory>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/certificates.h"
#include "tests/support/sockets.h"
#include "tests/support/temporary_folder.h"

namespace baton::net {
namespace {

using testing::HasSubstr;
using testing_support::Identity;
using testing_support::SocketPair;
using testing_support::TemporaryFolder;
using testing_support::TlsPeer;
using namespace std::chrono_literals;

// Both ends of a connection, without a loop.
struct Talk {
  Talk(const TlsListener& listener, metrics::Shard& shard)
      : pair(testing_support::LocalPair()),
        transport(listener.Accept(pair.ours.get(), shard)),
        peer(pair.peer) {
    for (int i = 0; i < 4; ++i) {
      peer.Handshake();
      if (transport->Handshake() == Transport::Progress::kDone) break;
    }
  }
  std::string Carries(std::string_view bytes) {
    if (transport->Send(bytes) != static_cast<ssize_t>(bytes.size())) return {};
    return peer.Receive();
  }

  SocketPair pair;
  std::unique_ptr<Transport> transport;
  TlsPeer peer;
};

class TlsListenerTest : public testing::Test {
 protected:
  TlsListenerTest() {
    Write(first_);
    auto opened = TlsListener::Open("http", Files(), registry_, now_);
    EXPECT_TRUE(opened);
    listener_ = std::move(*opened);
  }

  TlsFiles Files() const { return {folder_.path() / "tls.crt", folder_.path() / "tls.key", ""}; }
  void Write(const Identity& identity) const {
    folder_.Write("tls.crt", identity.certificate());
    folder_.Write("tls.key", identity.key());
  }
  std::string NameNow() { return Talk(*listener_, *shard_).peer.ServersName(); }
  double Reloads(const std::string& result) const {
    const std::string line =
        "baton_tls_reloads_total{listener=\"http\",result=\"" + result + "\"} ";
    const std::string text = registry_.Expose();
    return std::stod(text.substr(text.find(line) + line.size()));
  }

  const TlsListener::WallTime now_ = std::chrono::system_clock::now();
  const Identity first_{{.name = "first"}};
  const Identity second_{{.name = "second", .ends_s = 48 * 3600}};
  const TemporaryFolder folder_;
  metrics::Registry registry_;
  metrics::Shard* const shard_ = registry_.TakeShard();
  std::unique_ptr<TlsListener> listener_;
};

TEST_F(TlsListenerTest, ANewCertificateIsForNewConnections) {
  Talk open(*listener_, *shard_);
  Write(second_);
  EXPECT_EQ(NameNow(), "first");
  ASSERT_TRUE(listener_->certificate().Reload(now_));
  EXPECT_EQ(NameNow(), "second");
  EXPECT_EQ(open.peer.ServersName(), "first");
  EXPECT_EQ(open.Carries("bytes"), "bytes");
  EXPECT_GT(listener_->certificate().expires_at(), now_ + 47h);
  EXPECT_EQ(Reloads("ok"), 1);
}

TEST_F(TlsListenerTest, AWrongCertificateLeavesTheOldOne) {
  folder_.Write("tls.key", second_.key());
  const Status reloaded = listener_->certificate().Reload(now_);
  ASSERT_FALSE(reloaded);
  EXPECT_THAT(reloaded.error().message, HasSubstr("tls.http: the key"));
  EXPECT_EQ(NameNow(), "first");
  EXPECT_LT(listener_->certificate().expires_at(), now_ + 25h);
  EXPECT_EQ(Reloads("failed"), 1);
  EXPECT_EQ(Reloads("ok"), 0);
}

TEST_F(TlsListenerTest, FilesAreReadAgainWhenTheyChange) {
  listener_->certificate().ReloadIfDue(now_);
  EXPECT_EQ(Reloads("ok"), 0);
  Write(second_);
  listener_->certificate().ReloadIfDue(now_);
  EXPECT_EQ(Reloads("ok"), 1);
  EXPECT_EQ(NameNow(), "second");
  listener_->certificate().ReloadIfDue(now_);
  EXPECT_EQ(Reloads("ok"), 1);
}

TEST_F(TlsListenerTest, HalfOfAChangeIsTriedOnceAndTheWholeAgain) {
  folder_.Write("tls.crt", second_.certificate());
  listener_->certificate().ReloadIfDue(now_);
  listener_->certificate().ReloadIfDue(now_);
  EXPECT_EQ(Reloads("failed"), 1);
  folder_.Write("tls.key", second_.key());
  listener_->certificate().ReloadIfDue(now_);
  EXPECT_EQ(Reloads("ok"), 1);
  EXPECT_EQ(NameNow(), "second");
}

TEST_F(TlsListenerTest, FilesThatGoAwayAreAFailedReload) {
  std::filesystem::remove(folder_.path() / "tls.key");
  listener_->certificate().ReloadIfDue(now_);
  listener_->certificate().ReloadIfDue(now_);
  EXPECT_EQ(Reloads("failed"), 1);
  EXPECT_EQ(NameNow(), "first");
}

TEST_F(TlsListenerTest, TheKeysOfTicketsAreRenewedTwiceADay) {
  listener_->certificate().ReloadIfDue(now_ + 11h);
  EXPECT_EQ(Reloads("ok"), 0);
  listener_->certificate().ReloadIfDue(now_ + 12h);
  EXPECT_EQ(Reloads("ok"), 1);
  listener_->certificate().ReloadIfDue(now_ + 13h);
  EXPECT_EQ(Reloads("ok"), 1);
}

TEST_F(TlsListenerTest, WhatIsWrongAtTheStartIsSaid) {
  const TlsFiles files{Files().certificate, "/none", ""};
  const auto opened = TlsListener::Open("pages", files, registry_, now_);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().message,
            "tls.pages: the key /none cannot be read: No such file or directory");
}

}  // namespace
}  // namespace baton::net
