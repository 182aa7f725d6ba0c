// One connection's reads, writes and ends, over sockets whose buffers are tiny.
#include "server/net/tcp_connection.h"

#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/loop_harness.h"
#include "tests/support/sockets.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/wait_until.h"

namespace baton::net {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing_support::IsAtEnd;
using testing_support::LocalPair;
using testing_support::LoopHarness;
using testing_support::ReceiveNow;
using testing_support::SendAll;
using testing_support::SocketPair;
using testing_support::TemporaryFolder;
using testing_support::WaitUntil;

class RecordingConnection final : public TcpConnection {
 public:
  using TcpConnection::TcpConnection;

  std::string received;
  int ends = 0;
  int breaks = 0;
  int file_failures = 0;
  std::vector<SteadyTime> flushes;
  bool closes_on_bytes = false;
  bool takes_bytes = true;
  std::string room;  // for bytes; empty: none
  bool came_there = false;

 private:
  bool TakesBytes() const override { return takes_bytes; }
  std::span<char> RoomForBytes() override { return room; }
  void OnBytes(std::string_view bytes) override {
    loop().AssertOnLoop();
    came_there = bytes.data() == room.data();
    received += bytes;
    if (closes_on_bytes) Close();
  }
  void OnEndOfInput() override { ++ends; }
  void OnBroken() override {
    loop().AssertOnLoop();
    ++breaks;
    Close();
  }
  void OnFileFailed() override {
    loop().AssertOnLoop();
    ++file_failures;
    Close();
  }
  void OnFlushed(SteadyTime at) override { flushes.push_back(at); }
};

class TcpConnectionTest : public testing::Test {
 protected:
  explicit TcpConnectionTest(SocketPair pair = LocalPair(1))
      : peer_(std::move(pair.peer)), connection_(harness_.loop(), std::move(pair.ours)) {
    harness_.loop().AssertOnLoop();
    EXPECT_TRUE(connection_.Start());
  }

  void Flush() {
    harness_.loop().AssertOnLoop();
    connection_.Flush();
  }
  void FlushAtEndOfTurn() {
    harness_.loop().AssertOnLoop();
    connection_.FlushAtEndOfTurn();
  }
  void PauseReading() {
    harness_.loop().AssertOnLoop();
    connection_.PauseReading();
  }
  void ResumeReading() {
    harness_.loop().AssertOnLoop();
    connection_.ResumeReading();
  }
  void Close() {
    harness_.loop().AssertOnLoop();
    connection_.Close();
  }
  // The peer reads until nothing comes any more.
  std::string ReadEverything() {
    std::string all;
    for (std::string piece; !(piece = ReceiveNow(peer_)).empty(); harness_.Turn()) all += piece;
    return all;
  }

  LoopHarness harness_;
  UniqueFd peer_;
  RecordingConnection connection_;
};

TEST_F(TcpConnectionTest, BytesAreReadToWhereThereIsRoomForThem) {
  connection_.room = "......";
  SendAll(peer_, "abcdefghi");
  harness_.Turn();
  EXPECT_EQ(connection_.received, "abcdef");
  EXPECT_TRUE(connection_.came_there);
  connection_.room.clear();
  harness_.Turn();
  EXPECT_EQ(connection_.received, "abcdefghi");
  EXPECT_FALSE(connection_.came_there);
}

std::string ManyBytes(std::size_t count) {
  std::string bytes(count, ' ');
  for (std::size_t i = 0; i < count; ++i) bytes[i] = static_cast<char>('a' + i % 23);
  return bytes;
}

TEST_F(TcpConnectionTest, BytesAreHandedOnAsTheyCome) {
  SendAll(peer_, "GET ");
  harness_.Turn();
  EXPECT_EQ(connection_.received, "GET ");
  SendAll(peer_, "/");
  harness_.Turn();
  EXPECT_EQ(connection_.received, "GET /");
}

TEST_F(TcpConnectionTest, WhatTheSocketDoesNotTakeFollowsWhenItDoes) {
  const std::string bytes = ManyBytes(300'000);
  connection_.output() += bytes;
  Flush();
  EXPECT_TRUE(connection_.HasUnsent());
  EXPECT_GT(connection_.sent_bytes(), 0u);
  EXPECT_LT(connection_.sent_bytes(), bytes.size());
  EXPECT_EQ(connection_.queued_bytes(), bytes.size());
  EXPECT_EQ(ReadEverything(), bytes);
  EXPECT_FALSE(connection_.HasUnsent());
  EXPECT_EQ(connection_.sent_bytes(), bytes.size());
}

TEST_F(TcpConnectionTest, CountsRunOnOverTheWholeConnection) {
  connection_.output() += "12345";
  EXPECT_EQ(connection_.queued_bytes(), 5u);
  EXPECT_EQ(connection_.sent_bytes(), 0u);
  Flush();
  connection_.output() += "678";
  EXPECT_EQ(connection_.queued_bytes(), 8u);
  EXPECT_EQ(connection_.sent_bytes(), 5u);
  Flush();
  EXPECT_EQ(connection_.sent_bytes(), 8u);
}

TEST_F(TcpConnectionTest, SeveralAppendsOfOneTurnLeaveInOneWriteAtItsEnd) {
  harness_.loop().Post([&] {
    connection_.output() += "one ";
    FlushAtEndOfTurn();
    connection_.output() += "two";
    FlushAtEndOfTurn();
    EXPECT_EQ(connection_.sent_bytes(), 0u);
  });
  harness_.Turn();
  EXPECT_THAT(connection_.flushes, ElementsAre(harness_.Now()));
  EXPECT_EQ(ReceiveNow(peer_), "one two");
}

TEST_F(TcpConnectionTest, WhatIsSentIsNotKeptWhileTheRestWaits) {
  std::size_t appended = 0;
  for (int i = 0; i < 200; ++i) {
    const std::string bytes = ManyBytes(20'000);
    appended += bytes.size();
    connection_.output() += bytes;
    Flush();
    while (connection_.queued_bytes() - connection_.sent_bytes() > 40'000) {
      ReceiveNow(peer_);
      harness_.Turn();
    }
    ASSERT_TRUE(connection_.HasUnsent());
    ASSERT_LT(connection_.output().size(), 200'000u) << "after " << appended << " bytes";
  }
}

TEST_F(TcpConnectionTest, WhatArrivesWhilePausedWaitsForResume) {
  PauseReading();
  SendAll(peer_, "later");
  harness_.Turns(2);
  EXPECT_THAT(connection_.received, IsEmpty());
  ResumeReading();
  harness_.Turn();
  EXPECT_EQ(connection_.received, "later");
}

TEST_F(TcpConnectionTest, BytesThatAreNotTakenStayInTheKernelAndPauseTheReading) {
  connection_.takes_bytes = false;
  SendAll(peer_, "later");
  harness_.Turns(2);
  connection_.takes_bytes = true;
  harness_.Turn();
  EXPECT_THAT(connection_.received, IsEmpty());
  ResumeReading();
  harness_.Turn();
  EXPECT_EQ(connection_.received, "later");
}

TEST_F(TcpConnectionTest, AnEndIsSeenByWhoTakesNoBytes) {
  connection_.takes_bytes = false;
  shutdown(peer_.get(), SHUT_WR);
  harness_.Turns(2);
  EXPECT_EQ(connection_.ends, 1);
}

TEST_F(TcpConnectionTest, APausedConnectionStillWrites) {
  PauseReading();
  const std::string bytes = ManyBytes(100'000);
  connection_.output() += bytes;
  Flush();
  EXPECT_EQ(ReadEverything(), bytes);
}

TEST_F(TcpConnectionTest, AHalfClosedPeerIsReportedOnceAndStillAnswered) {
  SendAll(peer_, "last");
  shutdown(peer_.get(), SHUT_WR);
  harness_.Turns(3);
  EXPECT_EQ(connection_.received, "last");
  EXPECT_EQ(connection_.ends, 1);
  EXPECT_EQ(connection_.breaks, 0);
  connection_.output() += "answer";
  Flush();
  EXPECT_EQ(ReceiveNow(peer_), "answer");
}

TEST_F(TcpConnectionTest, APeerThatIsGoneWhileItWritesBreaksTheConnection) {
  const std::string bytes = ManyBytes(100'000);
  connection_.output() += bytes;
  Flush();
  peer_.Reset();
  harness_.Turns(2);
  EXPECT_EQ(connection_.breaks, 1);
  EXPECT_TRUE(connection_.IsClosed());
}

TEST_F(TcpConnectionTest, AFailedWriteBreaksTheConnection) {
  peer_.Reset();
  connection_.output() += "answer";
  Flush();
  EXPECT_EQ(connection_.breaks, 1);
  EXPECT_THAT(connection_.flushes, IsEmpty());
}

TEST_F(TcpConnectionTest, ShutdownWriteShowsThePeerTheEndAfterEverythingSent) {
  connection_.output() += "goodbye";
  Flush();
  connection_.ShutdownWrite();
  EXPECT_EQ(ReceiveNow(peer_), "goodbye");
  EXPECT_TRUE(IsAtEnd(peer_));
  SendAll(peer_, "still heard");
  harness_.Turn();
  EXPECT_EQ(connection_.received, "still heard");
}

TEST_F(TcpConnectionTest, AClosedConnectionHearsAndSaysNothing) {
  SendAll(peer_, "unheard");
  connection_.output() += "unsaid";
  FlushAtEndOfTurn();
  Close();
  harness_.Turn();
  EXPECT_TRUE(connection_.IsClosed());
  EXPECT_THAT(connection_.received, IsEmpty());
  EXPECT_THAT(connection_.flushes, IsEmpty());
}

TEST_F(TcpConnectionTest, ItMayBeClosedWhileItsBytesAreHandedOn) {
  connection_.closes_on_bytes = true;
  SendAll(peer_, "bytes");
  connection_.output() += "unsaid";
  harness_.Turns(2);
  EXPECT_TRUE(connection_.IsClosed());
  EXPECT_THAT(ReceiveNow(peer_), IsEmpty());
  EXPECT_TRUE(IsAtEnd(peer_));
}

class FilesOfAConnectionTest : public TcpConnectionTest {
 protected:
  FilesOfAConnectionTest() {
    std::signal(SIGPIPE, SIG_IGN);  // as the server does: sendfile has no MSG_NOSIGNAL
    folder_.Write("file", bytes_);
  }

  TemporaryFolder folder_;
  const std::string bytes_ = ManyBytes(300'000);
};

TEST_F(FilesOfAConnectionTest, BytesAndFilesLeaveInTheOrderOfTheirAppends) {
  folder_.Write("other", "OTHER");
  connection_.output() += "<";
  connection_.AppendFile(folder_.Open("file"), 10, 100'000);
  connection_.output() += "|";
  connection_.AppendFile(folder_.Open("other"), 0, 5);
  connection_.AppendFile(folder_.Open("other"), 1, 2);
  connection_.output() += ">";
  Flush();
  EXPECT_EQ(ReadEverything(), "<" + bytes_.substr(10, 100'000) + "|OTHERTH>");
  EXPECT_FALSE(connection_.HasUnsent());
}

TEST_F(FilesOfAConnectionTest, AFileMayComeFirst) {
  connection_.AppendFile(folder_.Open("file"), 0, 5);
  connection_.output() += "!";
  Flush();
  EXPECT_EQ(ReceiveNow(peer_), bytes_.substr(0, 5) + "!");
}

TEST_F(FilesOfAConnectionTest, AFileOfNoBytesIsNothing) {
  connection_.output() += "a";
  connection_.AppendFile(folder_.Open("file"), 0, 0);
  connection_.output() += "b";
  Flush();
  EXPECT_EQ(ReceiveNow(peer_), "ab");
  EXPECT_FALSE(connection_.HasUnsent());
}

TEST_F(FilesOfAConnectionTest, CountsAreExactThroughFilesAndMemory) {
  connection_.output() += "12345";
  connection_.AppendFile(folder_.Open("file"), 0, bytes_.size());
  EXPECT_EQ(connection_.queued_bytes(), 5 + bytes_.size());
  connection_.output() += "67";
  EXPECT_EQ(connection_.unsent_memory_bytes(), 7u);
  EXPECT_EQ(connection_.sent_bytes(), 0u);
  Flush();
  EXPECT_TRUE(connection_.HasUnsent());
  EXPECT_EQ(connection_.queued_bytes(), 7 + bytes_.size());
  EXPECT_EQ(connection_.unsent_memory_bytes(), 2u);
  EXPECT_GT(connection_.sent_bytes(), 5u);
  EXPECT_EQ(ReadEverything(), "12345" + bytes_ + "67");
  EXPECT_EQ(connection_.sent_bytes(), 7 + bytes_.size());
  EXPECT_EQ(connection_.queued_bytes(), 7 + bytes_.size());
}

TEST_F(FilesOfAConnectionTest, AFileIsLetGoOfWhenItIsSent) {
  auto file = folder_.Open("file");
  connection_.AppendFile(file, 0, bytes_.size());
  Flush();
  EXPECT_EQ(file.use_count(), 2);
  ReadEverything();
  EXPECT_EQ(file.use_count(), 1);
}

TEST_F(FilesOfAConnectionTest, AFileIsLetGoOfWhenTheConnectionCloses) {
  auto file = folder_.Open("file");
  connection_.AppendFile(file, 0, bytes_.size());
  Flush();
  Close();
  EXPECT_EQ(file.use_count(), 1);
}

TEST_F(FilesOfAConnectionTest, AFileThatShrinksCutsTheConnectionShort) {
  connection_.AppendFile(folder_.Open("file"), 0, bytes_.size());
  connection_.output() += "must not follow";
  Flush();
  std::filesystem::resize_file(folder_.path() / "file", 200'000);
  EXPECT_EQ(ReadEverything(), bytes_.substr(0, 200'000));
  EXPECT_EQ(connection_.file_failures, 1);
  EXPECT_EQ(connection_.breaks, 0);
  EXPECT_TRUE(IsAtEnd(peer_));
}

TEST_F(FilesOfAConnectionTest, AFileThatCannotBeReadIsNoFaultOfThePeer) {
  const std::string path = (folder_.path() / "file").string();
  connection_.AppendFile(std::make_shared<const UniqueFd>(open(path.c_str(), O_WRONLY | O_CLOEXEC)),
                         0, 5);
  Flush();
  EXPECT_EQ(connection_.file_failures, 1);
  EXPECT_EQ(connection_.breaks, 0);
}

TEST_F(FilesOfAConnectionTest, AFileThatGrowsIsSentAsLongAsItWasAppended) {
  connection_.AppendFile(folder_.Open("file"), 0, bytes_.size());
  connection_.output() += "!";
  Flush();
  folder_.Write("file", bytes_ + "more");
  EXPECT_EQ(ReadEverything(), bytes_ + "!");
}

TEST_F(FilesOfAConnectionTest, APeerThatIsGoneBreaksTheConnection) {
  peer_.Reset();
  connection_.AppendFile(folder_.Open("file"), 0, bytes_.size());
  Flush();
  EXPECT_EQ(connection_.breaks, 1);
  EXPECT_EQ(connection_.file_failures, 0);
}

class LargeBufferTest : public TcpConnectionTest {
 protected:
  LargeBufferTest() : TcpConnectionTest(testing_support::LocalPair(4 * 1024 * 1024)) {}
};

TEST_F(LargeBufferTest, AFastReaderGetsItsFileInPartsOfATurnEach) {
  const TemporaryFolder folder;
  const std::string bytes = ManyBytes(150'000);
  folder.Write("file", bytes);
  connection_.AppendFile(folder.Open("file"), 0, bytes.size());
  Flush();
  EXPECT_EQ(connection_.sent_bytes(), 128u * 1024);
  harness_.Turn();
  EXPECT_EQ(connection_.sent_bytes(), bytes.size());
  EXPECT_EQ(ReceiveNow(peer_), bytes);
}

class OverTcpTest : public TcpConnectionTest {
 protected:
  OverTcpTest() : TcpConnectionTest(testing_support::TcpPair()) {}
};

TEST_F(OverTcpTest, AResetBreaksTheConnection) {
  testing_support::Reset(peer_);
  WaitUntil([&] {
    harness_.Turn();
    return connection_.breaks > 0;
  });
  EXPECT_EQ(connection_.ends, 0);
}

TEST_F(OverTcpTest, AResetIsSeenWhilePaused) {
  PauseReading();
  testing_support::Reset(peer_);
  WaitUntil([&] {
    harness_.Turn();
    return connection_.breaks > 0;
  });
}

TEST_F(OverTcpTest, AResetIsKnownBeforeTheLoopComesToIt) {
  EXPECT_EQ(connection_.peer_state(), PeerState::kThere);
  testing_support::Reset(peer_);
  WaitUntil([&] { return connection_.peer_state() == PeerState::kGone; });
  EXPECT_EQ(connection_.breaks, 0);
}

TEST_F(OverTcpTest, OfAClosedConnectionThePeerIsGone) {
  Close();
  EXPECT_EQ(connection_.peer_state(), PeerState::kGone);
}

TEST_F(OverTcpTest, ACloseIsAnEndOfInputAtFirst) {
  peer_.Reset();
  WaitUntil([&] {
    harness_.Turn();
    return connection_.ends > 0;
  });
  EXPECT_EQ(connection_.breaks, 0);
}

}  // namespace
}  // namespace baton::net
