// What a watch on a model folder notices.
#include "server/models/folder_watch.h"

#include <filesystem>
#include <optional>
#include <poll.h>

#include <gtest/gtest.h>

#include "tests/models/folder.h"

namespace baton::models {
namespace {

namespace fs = std::filesystem;

class FolderWatchTest : public FolderTest {
 protected:
  FolderWatchTest() {
    Write("a/1/model.onnx", "x");
    watch_.emplace(root());
    ArmAgain();
  }

  void ArmAgain() {
    watch_->Arm(Scan(root()));
    watch_->Drain();
  }
  bool IsReadable() const {
    pollfd wait{watch_->fd(), POLLIN, 0};
    return ::poll(&wait, 1, 0) == 1;
  }
  // That the descriptor and Drain() agree, once.
  bool HasNoticed() {
    const bool is_readable = IsReadable();
    EXPECT_EQ(watch_->Drain(), is_readable);
    EXPECT_FALSE(watch_->Drain());
    EXPECT_FALSE(IsReadable());
    return is_readable;
  }

 private:
  std::optional<FolderWatch> watch_;
};

TEST_F(FolderWatchTest, NothingIsNoticedWhileNothingChangesAndOfReading) {
  Scan(root());
  EXPECT_FALSE(HasNoticed());
}

TEST_F(FolderWatchTest, ANewModelVersionOrFileIsNoticed) {
  Write("b/1/model.onnx", "x");
  EXPECT_TRUE(HasNoticed()) << "model";
  Write("a/2/model.onnx", "x");
  EXPECT_TRUE(HasNoticed()) << "version";
  Write("a/config.yaml", "");
  EXPECT_TRUE(HasNoticed()) << "config";
  Write("a/1/more", "");
  EXPECT_TRUE(HasNoticed()) << "file";
}

TEST_F(FolderWatchTest, AWriteARenameAndARemovalAreNoticed) {
  Write("a/1/model.onnx", "more");
  EXPECT_TRUE(HasNoticed()) << "write";
  fs::rename(root() / "a/1/model.onnx", root() / "a/1/other");
  EXPECT_TRUE(HasNoticed()) << "rename";
  fs::remove(root() / "a/1/other");
  EXPECT_TRUE(HasNoticed()) << "removal";
  fs::remove_all(root() / "a");
  EXPECT_TRUE(HasNoticed()) << "the whole model";
}

TEST_F(FolderWatchTest, WhatIsNewIsWatchedAfterTheNextScan) {
  Write("a/2/model.onnx", "x");
  ArmAgain();
  Write("a/2/model.onnx", "more");
  EXPECT_TRUE(HasNoticed());
}

TEST_F(FolderWatchTest, AFolderThatTakesTheNameOfAnotherIsWatchedInItsPlace) {
  Write("next/model.onnx", "y");
  fs::rename(root() / "a/1", root() / ".old");
  fs::rename(root() / "next", root() / "a/1");
  ArmAgain();
  ArmAgain();
  Write(".old/model.onnx", "nobody looks any more");
  EXPECT_FALSE(HasNoticed());
  Write("a/1/model.onnx", "more");
  EXPECT_TRUE(HasNoticed());
}

TEST_F(FolderWatchTest, OfTwoLinksToOneFolderEitherMayGo) {
  fs::create_directory_symlink(root() / "a/1", root() / "a/2");
  ArmAgain();
  fs::remove(root() / "a/2");
  ArmAgain();
  Write("a/1/model.onnx", "more");
  EXPECT_TRUE(HasNoticed());
}

TEST_F(FolderWatchTest, AFolderThatCannotBeWatchedMayAlwaysHaveChanged) {
  FolderWatch watch(root() / "gone");
  EXPECT_TRUE(watch.Drain());
  EXPECT_TRUE(watch.Drain());
  fs::create_directory(root() / "gone");
  watch.Arm({});
  EXPECT_FALSE(watch.Drain());
}

}  // namespace
}  // namespace baton::models
