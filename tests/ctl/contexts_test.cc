// Contexts: what a file may say, and what is written into it.
#include "admin/ctl/contexts.h"

#include <fstream>
#include <iterator>
#include <sys/stat.h>
#include <unistd.h>

#include <gmock/gmock.h>

namespace baton::ctl {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string ErrorOf(const std::string& text) {
  const Result<Contexts> read = ParseContexts(text, "c.yaml");
  return read ? "nothing is wrong" : read.error().message;
}

// A folder of its own, gone with it.
class ContextsTest : public ::testing::Test {
 protected:
  ContextsTest() {
    std::string folder = testing::TempDir() + "contexts-XXXXXX";
    folder_ = ::mkdtemp(folder.data());
  }
  ~ContextsTest() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path folder_;
};

TEST_F(ContextsTest, WhatIsWrittenIsReadAgain) {
  const Contexts contexts{"lab", {{"lab", "10.0.0.7:8081"}, {"socket", "unix:/run/b.sock"}}};
  const std::filesystem::path file = folder_ / "new" / "contexts.yaml";
  ASSERT_TRUE(WriteContexts(file, contexts));
  const Result<Contexts> read = ReadContexts(file);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->current, "lab");
  EXPECT_EQ(read->servers, contexts.servers);
  EXPECT_THAT(read->Names(), ElementsAre("lab", "socket"));
}

TEST_F(ContextsTest, OnlyTheOwnerMayReadTheFileAlsoWhenItIsWrittenAgain) {
  const std::filesystem::path file = folder_ / "contexts.yaml";
  std::ofstream(file) << "contexts: {}\n";
  ::chmod(file.c_str(), 0644);
  ASSERT_TRUE(WriteContexts(file, Contexts()));
  struct stat status {};
  ASSERT_EQ(::stat(file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1);
}

TEST_F(ContextsTest, ALinkStaysOneAndWhatItLeadsToIsReplaced) {
  std::filesystem::create_symlink(folder_ / "real.yaml", folder_ / "link.yaml");
  std::ofstream(folder_ / "real.yaml") << "contexts: {}\n";
  ASSERT_TRUE(WriteContexts(folder_ / "link.yaml", Contexts{"", {{"a", "h:1"}}}));
  EXPECT_TRUE(std::filesystem::is_symlink(folder_ / "link.yaml"));
  EXPECT_THAT(ReadContexts(folder_ / "real.yaml")->Names(), ElementsAre("a"));
}

TEST_F(ContextsTest, AFileThatIsNotThereHasNoContexts) {
  EXPECT_TRUE(ReadContexts(folder_ / "none.yaml")->servers.empty());
  EXPECT_TRUE(ReadContexts("")->servers.empty());
  EXPECT_TRUE(ParseContexts("# nothing\n", "c.yaml")->servers.empty());
}

TEST_F(ContextsTest, WhatCannotBeWrittenLeavesNothingBehind) {
  std::filesystem::create_directory(folder_ / "contexts.yaml");
  const Status written = WriteContexts(folder_ / "contexts.yaml", Contexts());
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, ErrorCode::kFailedPrecondition);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1);
  EXPECT_FALSE(WriteContexts("", Contexts()));
}

TEST_F(ContextsTest, AllThatIsWrongIsSaidAtOnceWithItsPlace) {
  EXPECT_THAT(
      ErrorOf("curent: lab\ncontexts:\n  lab:\n    server: nowhere\n  pi:\n    sever: a:1\n"),
      AllOf(HasSubstr("c.yaml:1:1: curent: unknown key, expected one of current, contexts "
                      "(did you mean current?)"),
            HasSubstr("c.yaml:4:13: contexts.lab.server: expected HOST:PORT (such as "
                      "127.0.0.1:8081) or unix:PATH, got 'nowhere'"),
            HasSubstr("c.yaml:6:5: contexts.pi.sever: unknown key"),
            HasSubstr("contexts.pi: expected a server, HOST:PORT or unix:PATH")));
}

TEST_F(ContextsTest, ACurrentContextHasToBeThere) {
  EXPECT_EQ(ErrorOf("current: lap\ncontexts:\n  lab: {server: 'h:1'}\n"),
            "c.yaml: current: no context \"lap\"; did you mean lab?");
}

TEST_F(ContextsTest, KeysAndTokensAreRefusedWhileNobodyTakesThem) {
  for (const std::string key : {"ca", "certificate", "key", "token_file"}) {
    EXPECT_EQ(
        ErrorOf("contexts:\n  lab:\n    server: h:1\n    " + key + ": /etc/x\n").substr(0, 10),
        "c.yaml:4:" + std::to_string(key.size() + 7).substr(0, 1))
        << key;
    EXPECT_THAT(ErrorOf("contexts:\n  lab:\n    server: h:1\n    " + key + ": /etc/x\n"),
                HasSubstr("contexts.lab." + key +
                          ": not supported yet: the admin plane has neither TLS nor tokens"));
  }
}

TEST_F(ContextsTest, NamesAreWords) {
  const std::string too_long(65, 'a');
  for (const std::string name : {"lab", "a", "eu-1.prod_2", "7"})
    EXPECT_TRUE(CheckContextName(name));
  for (const std::string& name :
       {std::string(), std::string("-a"), std::string(".a"), std::string("a b"), std::string("a/b"),
        std::string("ä"), too_long}) {
    EXPECT_FALSE(CheckContextName(name)) << name;
  }
}

}  // namespace
}  // namespace baton::ctl
