// Connections over TLS: handshakes and their ends, bytes, files, and both ways to stop.
#include <chrono>
#include <csignal>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/metrics/registry.h"
#include "server/net/tcp_connection.h"
#include "server/net/tls/tls_context.h"
#include "server/net/tls/tls_transport.h"
#include "tests/support/certificates.h"
#include "tests/support/loop_harness.h"
#include "tests/support/sockets.h"
#include "tests/support/temporary_folder.h"

namespace baton::net {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing_support::Identity;
using testing_support::LocalPair;
using testing_support::LoopHarness;
using testing_support::SendAll;
using testing_support::SocketPair;
using testing_support::TemporaryFolder;
using testing_support::TlsPeer;

class RecordingConnection final : public TcpConnection {
 public:
  using TcpConnection::TcpConnection;

  std::string received;
  std::vector<std::string> pieces;
  int ends = 0;
  int breaks = 0;
  int handshakes = 0;
  std::optional<HandshakeOutcome> failure;
  std::string room;  // for bytes; empty: none
  bool pauses_on_bytes = false;

 private:
  std::span<char> RoomForBytes() override { return room; }
  void OnBytes(std::string_view bytes) override {
    loop().AssertOnLoop();
    if (pauses_on_bytes) PauseReading();
    received += bytes;
    pieces.emplace_back(bytes);
  }
  void OnEndOfInput() override { ++ends; }
  void OnBroken() override {
    loop().AssertOnLoop();
    ++breaks;
    Close();
  }
  void OnHandshakeDone() override { ++handshakes; }
  void OnHandshakeFailed(HandshakeOutcome outcome) override { failure = outcome; }
  void OnFlushed(SteadyTime /*at*/) override {}
};

std::string ManyBytes(std::size_t count) {
  std::string bytes(count, ' ');
  for (std::size_t i = 0; i < count; ++i) bytes[i] = static_cast<char>('a' + i % 23);
  return bytes;
}

// The keys are made once: it takes long under a sanitizer.
struct Identities {
  Identity server;
  Identity client_ca;
  Identity client{{.name = "client",
                   .issuer = &client_ca,
                   .more_names = ",IP:10.0.0.7,IP:fe80::1,email:ci@lab,URI:spiffe://lab/ci"}};
  Identity late_client{{.name = "late", .ends_s = -60, .issuer = &client_ca}};
};
const Identities& Known() {
  static const Identities* const known = new Identities();
  return *known;
}

class TlsConnectionTest : public testing::Test {
 protected:
  explicit TlsConnectionTest(const Identity* client_ca = nullptr, const Identity* client = nullptr)
      : context_(MakeContext(client_ca)),
        pair_(LocalPair(1)),
        our_fd_(pair_.ours.get()),
        peer_(pair_.peer, client),
        connection_(harness_.loop(), std::move(pair_.ours), Secure(our_fd_)) {
    std::signal(SIGPIPE, SIG_IGN);  // as the server does
    harness_.loop().AssertOnLoop();
    EXPECT_TRUE(connection_.Start());
  }
  ~TlsConnectionTest() override { Close(); }

  std::shared_ptr<const TlsContext> MakeContext(const Identity* client_ca) {
    folder_.Write("tls.crt", Known().server.certificate());
    folder_.Write("tls.key", Known().server.key());
    TlsFiles files{folder_.path() / "tls.crt", folder_.path() / "tls.key", ""};
    if (client_ca != nullptr) {
      folder_.Write("ca.crt", client_ca->certificate());
      files.client_ca = folder_.path() / "ca.crt";
    }
    auto loaded = TlsContext::Load(files, std::chrono::system_clock::now());
    EXPECT_TRUE(loaded) << (loaded ? "" : loaded.error().message);
    return std::make_shared<const TlsContext>(std::move(*loaded));
  }
  Security Secure(int fd) {
    return {std::make_unique<TlsTransport>(fd, context_, metrics_, *shard_), &queue_};
  }

  void ShakeHands() {
    for (int i = 0; i < 10 && connection_.handshakes == 0; ++i) {
      peer_.Handshake();
      harness_.Turn();
    }
    ASSERT_EQ(connection_.handshakes, 1);
  }
  // A handshake that fails.
  HandshakeOutcome Failure() {
    for (int i = 0; i < 10 && !connection_.failure; ++i) {
      peer_.Handshake();
      harness_.Turn();
    }
    return connection_.failure.value_or(HandshakeOutcome::kFull);
  }
  double Count(HandshakeOutcome outcome) const {
    return registry_.Value(metrics_.handshakes[static_cast<std::size_t>(outcome)]);
  }
  void Send(std::string_view bytes) {
    harness_.loop().AssertOnLoop();
    connection_.output() += bytes;
    connection_.Flush();
  }
  void ResumeReading() {
    harness_.loop().AssertOnLoop();
    connection_.ResumeReading();
  }
  void Close() {
    harness_.loop().AssertOnLoop();
    connection_.Close();
  }
  std::string ReadEverything() {
    std::string all;
    for (int quiet = 0; quiet < 20; harness_.Turn()) {  // a record comes in pieces
      const std::string piece = peer_.Receive();
      quiet = piece.empty() ? quiet + 1 : 0;
      all += piece;
    }
    return all;
  }

  LoopHarness harness_;
  metrics::Registry registry_;
  const TlsMetrics metrics_ = TlsMetrics::Make(registry_, "http");
  metrics::Shard* const shard_ = registry_.TakeShard();
  HandshakeQueue queue_{harness_.loop()};
  const TemporaryFolder folder_;
  const std::shared_ptr<const TlsContext> context_;
  SocketPair pair_;
  const int our_fd_;
  TlsPeer peer_;
  RecordingConnection connection_;
};

TEST_F(TlsConnectionTest, BytesTravelBothWaysOnceHandsAreShaken) {
  EXPECT_TRUE(connection_.IsShakingHands());
  ShakeHands();
  EXPECT_FALSE(connection_.IsShakingHands());
  EXPECT_EQ(Count(HandshakeOutcome::kFull), 1);
  peer_.Send("question");
  harness_.Turn();
  EXPECT_EQ(connection_.received, "question");
  Send("answer");
  EXPECT_EQ(connection_.sent_bytes(), 6u);
  EXPECT_EQ(peer_.Receive(), "answer");
}

TEST_F(TlsConnectionTest, WhatComesWithTheLastOfTheHandshakeIsReadAtOnce) {
  for (int i = 0; i < 10 && !peer_.Handshake(); ++i) harness_.Turn();
  peer_.Send("question");  // before the server has seen the end of the handshake
  harness_.Turns(3);
  EXPECT_EQ(connection_.received, "question");
}

TEST_F(TlsConnectionTest, WhatTheRoomIsTooSmallForComesWithoutAnotherEvent) {
  ShakeHands();
  connection_.room = "......";
  peer_.Send("abcdefghijklm");
  harness_.Turns(4);
  EXPECT_THAT(connection_.pieces, ElementsAre("abcdef", "ghijkl", "m"));
}

TEST_F(TlsConnectionTest, SeveralRecordsAreReadInOneTurn) {
  ShakeHands();
  peer_.Send("one ");
  peer_.Send("two ");
  peer_.Send("three");
  harness_.Turn();
  EXPECT_THAT(connection_.pieces, ElementsAre("one two three"));
}

TEST_F(TlsConnectionTest, WhatIsInHandWaitsForAPauseToEnd) {
  ShakeHands();
  connection_.room = "...";
  peer_.Send("abcdef");
  connection_.pauses_on_bytes = true;
  harness_.Turns(3);
  EXPECT_EQ(connection_.received, "abc");
  connection_.pauses_on_bytes = false;
  ResumeReading();
  harness_.Turns(2);
  EXPECT_EQ(connection_.received, "abcdef");
}

TEST_F(TlsConnectionTest, WhatTheSocketDoesNotTakeFollowsWhenItDoes) {
  ShakeHands();
  const std::string bytes = ManyBytes(300'000);
  Send(bytes);
  EXPECT_TRUE(connection_.HasUnsent());
  Send("more");  // moves what waits
  EXPECT_EQ(ReadEverything(), bytes + "more");
  EXPECT_FALSE(connection_.HasUnsent());
  EXPECT_EQ(connection_.sent_bytes(), bytes.size() + 4);
}

TEST_F(TlsConnectionTest, FilesLeaveBetweenTheBytesAroundThem) {
  ShakeHands();
  const std::string bytes = ManyBytes(300'000);
  folder_.Write("file", bytes);
  connection_.output() += "<";
  connection_.AppendFile(folder_.Open("file"), 10, 200'000);
  connection_.output() += "|";
  connection_.AppendFile(folder_.Open("file"), 0, 5);
  Send(">");
  EXPECT_EQ(ReadEverything(), "<" + bytes.substr(10, 200'000) + "|" + bytes.substr(0, 5) + ">");
}

TEST_F(TlsConnectionTest, AFileThatShrinksBreaksTheConnection) {
  ShakeHands();
  folder_.Write("file", ManyBytes(300'000));
  connection_.AppendFile(folder_.Open("file"), 0, 300'000);
  Send("must not follow");
  std::filesystem::resize_file(folder_.path() / "file", 150'000);
  EXPECT_LE(ReadEverything().size(), 150'000u);
  EXPECT_EQ(connection_.breaks, 1);
  EXPECT_FALSE(peer_.IsAtOrderlyEnd());
}

TEST_F(TlsConnectionTest, APeerThatEndsItsOutputIsStillAnswered) {
  ShakeHands();
  peer_.Send("last");
  peer_.EndOutput();
  harness_.Turns(3);
  EXPECT_EQ(connection_.received, "last");
  EXPECT_EQ(connection_.ends, 1);
  EXPECT_EQ(connection_.breaks, 0);
  Send("answer");
  EXPECT_EQ(connection_.breaks, 0);
  EXPECT_EQ(connection_.sent_bytes(), 6u);
}

TEST_F(TlsConnectionTest, AnEndWithoutAGoodbyeIsAnEnd) {
  ShakeHands();
  peer_.Send("last");
  shutdown(pair_.peer.get(), SHUT_WR);
  harness_.Turns(3);
  EXPECT_EQ(connection_.received, "last");
  EXPECT_EQ(connection_.ends, 1);
  Send("answer");
  EXPECT_EQ(peer_.Receive(), "answer");
}

TEST_F(TlsConnectionTest, ShutdownAndCloseSayGoodbyeBehindEverything) {
  ShakeHands();
  Send("all");
  connection_.ShutdownWrite();
  EXPECT_EQ(peer_.Receive(), "all");
  EXPECT_TRUE(peer_.IsAtOrderlyEnd());
}

TEST_F(TlsConnectionTest, AnIdleConnectionIsClosedInOrder) {
  ShakeHands();
  Close();
  EXPECT_TRUE(peer_.IsAtOrderlyEnd());
}

TEST_F(TlsConnectionTest, WhatIsCutOffDoesNotLookWhole) {
  ShakeHands();
  Send(ManyBytes(300'000));
  Close();
  peer_.Receive();
  EXPECT_FALSE(peer_.IsAtOrderlyEnd());
}

TEST_F(TlsConnectionTest, GarbageBehindTheHandshakeBreaksTheConnection) {
  ShakeHands();
  SendAll(pair_.peer, "no record of TLS at all");
  harness_.Turns(2);
  EXPECT_EQ(connection_.breaks, 1);
}

TEST_F(TlsConnectionTest, PlainHttpIsRecognisedAndMayBeAnswered) {
  SendAll(pair_.peer, "GET / HTTP/1.1\r\n\r\n");
  harness_.Turn();
  EXPECT_EQ(connection_.failure, HandshakeOutcome::kPlainHttp);
  Send("use https");
  EXPECT_THAT(testing_support::ReceiveNow(pair_.peer), testing::EndsWith("use https"));
  EXPECT_EQ(Count(HandshakeOutcome::kPlainHttp), 1);
}

TEST_F(TlsConnectionTest, GarbageIsNoHandshake) {
  SendAll(pair_.peer, "\x01\x02\x03 what is this");
  harness_.Turn();
  EXPECT_EQ(connection_.failure, HandshakeOutcome::kBroken);
}

TEST_F(TlsConnectionTest, AnOldVersionIsRefused) {
  SSL_set_security_level(peer_.ssl(), 0);
  SSL_set_max_proto_version(peer_.ssl(), TLS1_1_VERSION);
  EXPECT_EQ(Failure(), HandshakeOutcome::kNothingInCommon);
}

TEST_F(TlsConnectionTest, ACipherWithoutForwardSecrecyIsRefused) {
  SSL_set_max_proto_version(peer_.ssl(), TLS1_2_VERSION);
  SSL_set_cipher_list(peer_.ssl(), "ECDHE-ECDSA-AES128-SHA:AES128-GCM-SHA256");
  EXPECT_EQ(Failure(), HandshakeOutcome::kNothingInCommon);
}

TEST_F(TlsConnectionTest, Tls12IsTaken) {
  SSL_set_max_proto_version(peer_.ssl(), TLS1_2_VERSION);
  ShakeHands();
  EXPECT_STREQ(SSL_get_version(peer_.ssl()), "TLSv1.2");
}

TEST_F(TlsConnectionTest, AClientCannotNegotiateAnew) {
  SSL_set_max_proto_version(peer_.ssl(), TLS1_2_VERSION);
  ShakeHands();
  SSL_renegotiate(peer_.ssl());
  peer_.Handshake();
  harness_.Turns(2);
  EXPECT_FALSE(peer_.Handshake());
  harness_.Turns(2);
  EXPECT_EQ(connection_.handshakes, 1);
  EXPECT_EQ(Count(HandshakeOutcome::kFull), 1);
}

TEST_F(TlsConnectionTest, HttpIsTheProtocolThatIsAgreedOn) {
  SSL_set_alpn_protos(peer_.ssl(), reinterpret_cast<const unsigned char*>("\2h2\10http/1.1"), 12);
  ShakeHands();
  const unsigned char* agreed = nullptr;
  unsigned int size = 0;
  SSL_get0_alpn_selected(peer_.ssl(), &agreed, &size);
  EXPECT_EQ(std::string(agreed, agreed + size), "http/1.1");
}

TEST_F(TlsConnectionTest, AProtocolThatIsNotSpokenIsRefused) {
  SSL_set_alpn_protos(peer_.ssl(), reinterpret_cast<const unsigned char*>("\2h2"), 3);
  EXPECT_EQ(Failure(), HandshakeOutcome::kNothingInCommon);
}

TEST_F(TlsConnectionTest, AClientThatLeavesAmidItsHandshakeHasAbandonedIt) {
  peer_.Handshake();
  shutdown(pair_.peer.get(), SHUT_WR);
  harness_.Turns(4);
  EXPECT_EQ(connection_.failure, HandshakeOutcome::kAbandoned);
}

TEST_F(TlsConnectionTest, OneThatIsClosedWhileItsTurnIsDueHasNone) {
  peer_.Handshake();
  struct Closer final : HandshakeQueue::Waiting {
    explicit Closer(std::function<void()> does) : close(std::move(does)) {}
    void TakeHandshakeStep() override { close(); }
    std::function<void()> close;
  } closer([this] { Close(); });
  harness_.loop().AssertOnLoop();
  queue_.Add(closer);
  harness_.Turns(3);
  EXPECT_TRUE(connection_.IsClosed());
  EXPECT_EQ(Count(HandshakeOutcome::kAbandoned), 1);
  EXPECT_EQ(connection_.handshakes, 0);
}

TEST_F(TlsConnectionTest, WhoTakesLongIsAskedNothingMeanwhile) {
  harness_.Turns(3);
  EXPECT_TRUE(connection_.IsShakingHands());
  EXPECT_FALSE(connection_.failure);
  Close();
  EXPECT_EQ(Count(HandshakeOutcome::kAbandoned), 1);
}

class NoCertificateTest : public TlsConnectionTest {
 protected:
  NoCertificateTest() : TlsConnectionTest(&Known().client_ca) {}
};
TEST_F(NoCertificateTest, AClientWithoutACertificateIsRefused) {
  EXPECT_EQ(Failure(), HandshakeOutcome::kClientCertificate);
}

class RightCertificateTest : public TlsConnectionTest {
 protected:
  RightCertificateTest() : TlsConnectionTest(&Known().client_ca, &Known().client) {}
};
TEST_F(RightCertificateTest, AClientWithTheRightOneIsLetIn) {
  ShakeHands();
  peer_.Send("question");
  harness_.Turns(2);
  EXPECT_EQ(connection_.received, "question");
}
TEST_F(RightCertificateTest, ItsNamesAreKnownOnceItIsChecked) {
  EXPECT_THAT(connection_.peer_names(), IsEmpty());
  ShakeHands();
  EXPECT_THAT(connection_.peer_names(),
              ElementsAre("client", "client", "10.0.0.7", "fe80::1", "ci@lab", "spiffe://lab/ci"));
}

class ForeignCertificateTest : public TlsConnectionTest {
 protected:
  ForeignCertificateTest() : TlsConnectionTest(&Known().client_ca, &Known().server) {}
};
TEST_F(ForeignCertificateTest, AClientOfAnotherAuthorityIsRefused) {
  EXPECT_EQ(Failure(), HandshakeOutcome::kClientCertificate);
}

class LateCertificateTest : public TlsConnectionTest {
 protected:
  LateCertificateTest() : TlsConnectionTest(&Known().client_ca, &Known().late_client) {}
};
TEST_F(LateCertificateTest, AnExpiredCertificateIsRefused) {
  EXPECT_EQ(Failure(), HandshakeOutcome::kClientCertificate);
}

}  // namespace
}  // namespace baton::net
