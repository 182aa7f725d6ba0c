// Whatever file the configuration names, the process is left the folder of it.
#include "server/app/paths_of.h"

#include <algorithm>
#include <fcntl.h>
#include <filesystem>
#include <string>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/base/fd.h"
#include "server/config/file_layer.h"
#include "server/config/settings.h"
#include "tests/support/temporary_folder.h"

namespace baton::app {
namespace {

using testing::Contains;
using testing::Each;
using testing::HasSubstr;
using testing::Not;
namespace fs = std::filesystem;

config::Configuration Configured(const std::string& text) {
  const auto read = config::ReadText(text, "b.yaml");
  EXPECT_TRUE(read) << (read ? "" : read.error().message);
  config::Configuration whole = config::Defaults();
  if (read) config::Overlay(*read, whole);
  return whole;
}

lifecycle::PathNeeds Needs(const std::string& text, const config::Sources& sources = {}) {
  const auto needs = PathsOf(Configured(text), sources);
  EXPECT_TRUE(needs) << (needs ? "" : needs.error().message);
  return needs ? *needs : lifecycle::PathNeeds();
}

class PathsOfTest : public testing::Test {
 protected:
  std::string In(const std::string& name) const { return (folder_.path() / name).string(); }

  const testing_support::TemporaryFolder folder_;
};

TEST_F(PathsOfTest, TheLogMayBeMadeAnewInItsFolderUnlessItIsADevice) {
  EXPECT_THAT(Needs("log: {file: " + In("log") + "}\n").write, Contains(folder_.path()));
  const auto device = Needs("log: {file: /dev/full}\n").write;
  EXPECT_THAT(device, Contains(fs::path("/dev/full")));
  EXPECT_THAT(device, Not(Contains(fs::path("/dev"))));
}

TEST_F(PathsOfTest, ALogBehindALinkIsMadeAnewInItsOwnFolder) {
  folder_.Write("logs/log", "");
  fs::create_directory(In("links"));
  fs::create_symlink(In("logs/log"), In("links/log"));
  const auto needs = Needs("log: {file: " + In("links/log") + "}\n").write;
  EXPECT_THAT(needs, Each(fs::canonical(In("logs"))));
}

// As /dev/stderr may be.
TEST_F(PathsOfTest, ALogThatIsAPipeWithoutAPathIsNoFolder) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  const UniqueFd reader(ends[0]);
  const UniqueFd writer(ends[1]);
  fs::create_symlink("/proc/self/fd/" + std::to_string(writer.get()), In("stderr"));
  EXPECT_THAT(Needs("log: {file: " + In("stderr") + "}\n").write,
              testing::ElementsAre(fs::path(In("stderr"))));
}

TEST_F(PathsOfTest, TheFolderOfEveryFileThatASettingNamesIsRead) {
  int files = 0;
  for (const config::KnownSetting& setting : config::AllSettings()) {
    const std::string placeholder = config::RulesOf(*setting.field).placeholder();
    if (placeholder != "FILE" && placeholder != "DIR") continue;
    ++files;
    const std::string section = setting.path.substr(0, setting.path.rfind('.'));
    const std::string name = setting.path.substr(setting.path.rfind('.') + 1);
    std::string text;
    std::string indent;
    for (std::size_t at = 0; at < section.size();) {
      const std::size_t end = std::min(section.find('.', at), section.size());
      text += indent + section.substr(at, end - at) + ":\n";
      indent += "  ";
      at = end + 1;
    }
    text += indent + name + ": /nowhere/at/all\n";
    const fs::path expected = placeholder == "DIR" ? "/nowhere/at/all" : "/nowhere/at";
    EXPECT_THAT(Needs(text).read, Contains(expected)) << setting.path;
  }
  EXPECT_GE(files, 8);
}

TEST_F(PathsOfTest, AFileBehindALinkHasBothFolders) {
  folder_.Write("archive/1.crt", "");
  fs::create_directory(In("live"));
  fs::create_symlink(In("archive/1.crt"), In("live/tls.crt"));
  const auto needs = Needs("tls: {http: {certificate: " + In("live/tls.crt") + "}}");
  EXPECT_THAT(needs.read, Contains(fs::path(In("live"))));
  EXPECT_THAT(needs.read, Contains(fs::canonical(In("archive"))));
}

TEST_F(PathsOfTest, LinksInAModelFolderAreFollowed) {
  folder_.Write("stored/a/model.onnx", "");
  folder_.Write("models/b/1/model.onnx", "");
  fs::create_directories(In("models/a"));
  fs::create_directory_symlink(In("stored/a"), In("models/a/1"));
  fs::create_symlink(In("gone"), In("models/b/2"));
  const auto needs = Needs("models: {folder: " + In("models") + "}");
  EXPECT_THAT(needs.read, Contains(fs::path(In("models"))));
  EXPECT_THAT(needs.read, Contains(fs::canonical(In("stored/a"))));
  EXPECT_THAT(needs.read, Each(Not(fs::path(In("gone")))));
}

TEST_F(PathsOfTest, StaticFilesAreReadWhereverTheyAreMounted) {
  fs::create_directory(In("www"));
  EXPECT_THAT(Needs("static_files: {/docs: " + In("www") + "}").read,
              Contains(fs::path(In("www"))));
}

TEST_F(PathsOfTest, TheFolderOfTheConfigurationIsReadWhoeverNamesIt) {
  folder_.Write("etc/b.yaml", "");
  EXPECT_THAT(Needs("", {In("etc/b.yaml"), {}, {}}).read, Contains(fs::path(In("etc"))));
  EXPECT_THAT(Needs("", {"", {"BATON_CONFIG=" + In("etc/b.yaml")}, {}}).read,
              Contains(fs::path(In("etc"))));
}

TEST_F(PathsOfTest, LibrariesAreReadWhereTheLoaderLooks) {
  const auto needs = Needs("", {"", {"LD_LIBRARY_PATH=/opt/a:/opt/b"}, {}});
  EXPECT_THAT(needs.read, Contains(fs::path("/opt/a")));
  EXPECT_THAT(needs.read, Contains(fs::path("/opt/b")));
}

TEST_F(PathsOfTest, ARelativePathIsOneOfTheWorkingFolder) {
  EXPECT_THAT(Needs("models: {folder: somewhere}").read,
              Contains(fs::current_path() / "somewhere"));
}

TEST_F(PathsOfTest, WhatIsGivenBesidesIsReadOrWritten) {
  folder_.Write("table", "");
  fs::create_directory(In("cache"));
  const auto needs = Needs("process: {readable_paths: '" + In("table") + ":" + In("cache") +
                           "', writable_paths: " + In("cache") + "}");
  EXPECT_THAT(needs.read, Contains(fs::path(In("table"))));
  EXPECT_THAT(needs.read, Contains(fs::path(In("cache"))));
  EXPECT_THAT(needs.write, testing::ElementsAre(fs::path(In("cache"))));
}

TEST_F(PathsOfTest, WhatIsGivenBesidesAndIsNotThereIsRefused) {
  const auto needs = PathsOf(
      Configured("process: {readable_paths: /no/a, writable_paths: '/no/b:" + In("") + "'}"), {});
  ASSERT_FALSE(needs);
  EXPECT_EQ(needs.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(needs.error().message, HasSubstr("b.yaml:1:27: process.readable_paths: expected"));
  EXPECT_THAT(needs.error().message, HasSubstr("got '/no/a', which is not there"));
  EXPECT_THAT(needs.error().message, HasSubstr("process.writable_paths"));
}

TEST_F(PathsOfTest, WithoutAConfigurationNothingButLibrariesIsRead) {
  const auto needs = Needs("");
  EXPECT_TRUE(needs.write.empty());
  EXPECT_THAT(needs.read, Each(testing::ResultOf([](const fs::path& path) { return path.string(); },
                                                 HasSubstr("lib"))));
}

}  // namespace
}  // namespace baton::app
