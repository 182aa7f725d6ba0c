// What may come next on a command line.
#include "admin/ctl/completion.h"

#include <gmock/gmock.h>

namespace baton::ctl {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Words = std::vector<std::string>;

manual::CommandOption Option(const std::string& name, const std::string& kind,
                             bool is_argument = false) {
  manual::CommandOption option;
  option.names = {name};
  option.is_argument = is_argument;
  manual::ReadKind(kind, option);
  return option;
}

manual::CommandTree Tree() {
  manual::CommandTree endpoint{"endpoint", "One", "", {}, {}};
  endpoint.options = {Option("--help", ""), Option("--etag", "N"), Option("name", "ENDPOINT", true),
                      Option("settings", "KEY=VALUE", true)};
  endpoint.options.back().is_repeated = true;
  manual::CommandTree pool{"pool", "The pool", "", {Option("--help", "")}, {}};
  manual::CommandTree get{"get", "Show", "", {Option("--help", "")}, {pool, endpoint}};
  manual::CommandTree tree{"prog", "", "", {}, {get}};
  tree.options = {Option("--help", ""), Option("--server", "ADDRESS"),
                  Option("--output", "TEXT:{table,json}"), Option("--dry-run", "")};
  return tree;
}

Words Texts(const Words& words) {
  const auto values = [](const std::string& kind, const std::string& command,
                         const TypedTarget& target) -> Words {
    if (kind == "ENDPOINT") return {"tumour", "digits" + target.server};
    if (kind == "KEY=VALUE") return {"max=", "min=", command};
    return {};
  };
  Words texts;
  for (const Candidate& one : Complete(Tree(), words, values)) texts.push_back(one.text);
  return texts;
}

TEST(CompletionTest, CommandsComeWhereCommandsMayStand) {
  EXPECT_THAT(Texts({""}), ElementsAre("get"));
  EXPECT_THAT(Texts({}), ElementsAre("get"));
  EXPECT_THAT(Texts({"get", ""}), ElementsAre("pool", "endpoint"));
  EXPECT_THAT(Texts({"get", "p"}), ElementsAre("pool"));
  EXPECT_THAT(Texts({"get", "x"}), IsEmpty());
  EXPECT_THAT(Texts({"get", "pool", ""}), IsEmpty());
}

TEST(CompletionTest, OptionsAreThoseOfTheCommandAndOfTheOnesAboveIt) {
  EXPECT_THAT(Texts({"get", "endpoint", "--"}),
              ElementsAre("--server", "--output", "--dry-run", "--help", "--etag"));
  EXPECT_THAT(Texts({"get", "endpoint", "--e"}), ElementsAre("--etag"));
}

TEST(CompletionTest, AnOptionsValueIsCompletedInBothForms) {
  EXPECT_THAT(Texts({"--output", ""}), ElementsAre("table", "json"));
  EXPECT_THAT(Texts({"get", "--output", "j"}), ElementsAre("json"));
  EXPECT_THAT(Texts({"get", "--output=j"}), ElementsAre("--output=json"));
  EXPECT_THAT(Texts({"get", "--nothing=j"}), IsEmpty());
}

TEST(CompletionTest, AValueIsNoCommandAndAFlagTakesNone) {
  EXPECT_THAT(Texts({"--server", "get", ""}), ElementsAre("get"));
  EXPECT_THAT(Texts({"--dry-run", "get", ""}), ElementsAre("pool", "endpoint"));
}

TEST(CompletionTest, ArgumentsComeInTheirOrderAndTheLastOneAgain) {
  EXPECT_THAT(Texts({"get", "endpoint", ""}), ElementsAre("tumour", "digits"));
  EXPECT_THAT(Texts({"get", "endpoint", "tumour", "m"}), ElementsAre("max=", "min="));
  EXPECT_THAT(Texts({"get", "endpoint", "tumour", "max=1", "e"}), ElementsAre("endpoint"));
}

TEST(CompletionTest, TheServerThatWasTypedIsTheOneThatIsAsked) {
  EXPECT_THAT(Texts({"--server", "h:1", "get", "endpoint", "d"}), ElementsAre("digitsh:1"));
  EXPECT_THAT(Texts({"get", "--server=h:2", "endpoint", "d"}), ElementsAre("digitsh:2"));
}

TEST(CompletionTest, ThereIsAScriptForEachOfThreeShells) {
  for (const std::string shell : {"bash", "zsh", "fish"}) {
    EXPECT_THAT(CompletionScript(shell), testing::HasSubstr("__complete"));
  }
  EXPECT_EQ(CompletionScript("tcsh"), "");
}

}  // namespace
}  // namespace baton::ctl
