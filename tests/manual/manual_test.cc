// Manual pages and references, out of a small program's command line.
#include <gmock/gmock.h>

#include "server/manual/program.h"

namespace baton::manual {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

CommandOption Option(std::vector<std::string> names, const std::string& kind, std::string help) {
  CommandOption option;
  option.names = std::move(names);
  ReadKind(kind, option);
  option.help = std::move(help);
  return option;
}

Program Small() {
  CommandTree get{"get", "Show a thing", "\nKeys:\n  .hidden=N\n", {}, {}};
  CommandOption name = Option({"name"}, "THING", "Its name");
  name.is_argument = true;
  name.is_required = true;
  get.options = {Option({"-o", "--output"}, "TEXT:{table,json}", "How | where"), name};
  Program program;
  program.tree = {"prog", "Does things.", "\nExamples:\n  prog get a\n", {}, {get}};
  program.tree.options = {Option({"--server"}, "HOST:PORT", "Where it is")};
  program.exit_codes = {{"0", "done"}};
  program.environment = {{"PROG_SERVER", "where it is"}};
  program.see_also = {"other(8)"};
  return program;
}

TEST(ManualTest, TheKindOfAValueIsSplitIntoItsNameAndItsWords) {
  const CommandOption words = Option({"-o"}, "TEXT:{table,json}", "");
  EXPECT_EQ(words.kind, "TEXT");
  EXPECT_THAT(words.words, ElementsAre("table", "json"));
  EXPECT_THAT(Option({"-o"}, "HOST:PORT", "").kind, "HOST:PORT");
  EXPECT_THAT(Option({"-o"}, "HOST:PORT", "").words, IsEmpty());
}

TEST(ManualTest, ASynopsisHasTheArgumentsInTheirOrder) {
  const Program program = Small();
  EXPECT_EQ(Synopsis("", program.tree), "prog [OPTIONS] COMMAND");
  CommandTree get = program.tree.commands.front();
  EXPECT_EQ(Synopsis("prog", get), "prog get [OPTIONS] name");
  get.options.back().is_required = false;
  get.options.back().is_repeated = true;
  EXPECT_EQ(Synopsis("prog", get), "prog get [OPTIONS] [name...]");
}

TEST(ManualTest, APageHasEveryOptionCommandAndFact) {
  const std::string page = ManPage(Small());
  EXPECT_THAT(page, HasSubstr(".TH PROG 1 "));
  EXPECT_THAT(page, HasSubstr(".TP\n\\fB\\-\\-server\\fR \\fIHOST:PORT\\fR\nWhere it is\n"));
  EXPECT_THAT(page, HasSubstr(".SS \"prog get [OPTIONS] name\"\nShow a thing.\n"));
  EXPECT_THAT(page, HasSubstr("\\fB\\-o\\fR, \\fB\\-\\-output\\fR \\fITEXT\\fR\n"
                              "How | where (table, json)\n"));
  EXPECT_THAT(page, HasSubstr(".SH EXIT STATUS\n.TP\n\\fB0\\fR\ndone\n"));
  EXPECT_THAT(page, HasSubstr("PROG_SERVER"));
  EXPECT_THAT(page, HasSubstr(".SH SEE ALSO\nother(8)\n"));
  EXPECT_THAT(page, HasSubstr("Examples:\n  prog get a\n.fi\n"));
}

TEST(ManualTest, NothingInATextIsARequestToRoff) {
  Program program = Small();
  program.tree.commands.front().footer = ".so /etc/passwd\n'quoted\nback\\slash\n";
  const std::string page = ManPage(program);
  EXPECT_THAT(page, HasSubstr("\n\\&.so /etc/passwd\n\\&'quoted\nback\\eslash\n"));
  EXPECT_THAT(page, Not(HasSubstr("\n.so")));
}

TEST(ManualTest, AReferenceHasATableForEachCommand) {
  const std::string text = Reference(Small());
  EXPECT_THAT(text, HasSubstr("# `prog`\n"));
  EXPECT_THAT(text, HasSubstr("| `--server` | `HOST:PORT` | – | Where it is |\n"));
  EXPECT_THAT(text, HasSubstr("## `prog get`\n"));
  EXPECT_THAT(text, HasSubstr("| `-o`, `--output` | `table`, `json` | – | How \\| where |\n"));
  EXPECT_THAT(text, HasSubstr("| `0` | done |\n"));
}

TEST(ManualTest, AnotherFormThanTheTwoIsNone) {
  EXPECT_EQ(Manual(Small(), "man"), ManPage(Small()));
  EXPECT_EQ(Manual(Small(), "markdown"), Reference(Small()));
  EXPECT_EQ(Manual(Small(), "html"), "");
}

}  // namespace
}  // namespace baton::manual
