// Contexts: what a file may say, and what is written into it.
#include "admin/ctl/contexts.h"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>
#include <vector>

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

// Set while it lives, and put back then.
class Variables {
 public:
  explicit Variables(const std::vector<std::pair<std::string, std::string>>& wanted) {
    for (const auto& [name, text] : wanted) {
      const char* const before = std::getenv(name.c_str());
      before_.emplace_back(name, before == nullptr ? "" : before);
      ::setenv(name.c_str(), text.c_str(), 1);
    }
  }
  ~Variables() {
    for (const auto& [name, text] : before_) ::setenv(name.c_str(), text.c_str(), 1);
  }
  Variables(const Variables&) = delete;
  Variables& operator=(const Variables&) = delete;

 private:
  std::vector<std::pair<std::string, std::string>> before_;
};

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
  const Contexts contexts{"lab",
                          {{"lab", {"10.0.0.7:8081", "ca.crt", "me.crt", "me.key", "lab.token"}},
                           {"socket", {"unix:/run/b.sock", "", "", "", ""}}}};
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
  ASSERT_TRUE(WriteContexts(folder_ / "link.yaml", Contexts{"", {{"a", {"h:1", "", "", "", ""}}}}));
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

TEST_F(ContextsTest, AContextBringsItsKeysAndFlagsWinOverThem) {
  const std::filesystem::path file = folder_ / "contexts.yaml";
  std::ofstream(file) << "current: lab\ncontexts:\n  lab: {server: 'h:1', ca: a, token_file: t}\n";
  const Variables variables(
      {{"BATON_CONTEXTS", file}, {"BATON_ADMIN", ""}, {"BATONCTL_TOKEN_FILE", "other"}});
  EXPECT_EQ(*TargetToAsk({}, ""), (Target{"h:1", "a", "", "", "t"}));
  EXPECT_EQ(*TargetToAsk({"", "b", "", "", ""}, "lab"), (Target{"h:1", "b", "", "", "t"}));
}

TEST_F(ContextsTest, ATokenOfAContextIsShownToNoOtherServer) {
  const std::filesystem::path file = folder_ / "contexts.yaml";
  std::ofstream(file) << "current: lab\ncontexts:\n  lab: {server: 'h:1', token_file: t}\n";
  const Variables variables(
      {{"BATON_CONTEXTS", file}, {"BATON_ADMIN", "h:2"}, {"BATONCTL_TOKEN_FILE", "other"}});
  EXPECT_EQ(*TargetToAsk({"h:3", "", "", "", ""}, ""), (Target{"h:3", "", "", "", "other"}));
  EXPECT_EQ(*TargetToAsk({}, ""), (Target{"h:2", "", "", "", "other"}));
  EXPECT_EQ(*TargetToAsk({}, "lab"), (Target{"h:1", "", "", "", "t"}));
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
