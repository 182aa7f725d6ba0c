// Columns and fields, on terminals of all widths and on none.
#include "admin/ctl/table.h"

#include <gmock/gmock.h>

namespace baton::ctl {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Look Wide(int width) {
  Look look;
  look.width = width;
  return look;
}

Look Coloured() {
  Look look;
  look.has_colour = true;
  return look;
}

TEST(TableTest, ColumnsAreAsWideAsTheirWidestCell) {
  EXPECT_EQ(Columns({{"NAME", "N"}, {"a", "12345"}, {"tumour", "1"}}, Look()),
            "NAME    N\n"
            "a       12345\n"
            "tumour  1\n");
}

TEST(TableTest, WithoutATerminalNothingIsCut) {
  const std::string reason(300, 'x');
  EXPECT_THAT(Columns({{"NAME", "REASON"}, {"a", reason}}, Wide(0)), HasSubstr(reason));
}

TEST(TableTest, TheWidestColumnBehindTheFirstIsCutUntilALineFits) {
  EXPECT_EQ(Columns({{"NAME", "REASON", "N"}, {"tumour", "cannot be read at all", "1"}}, Wide(24)),
            "NAME    REASON         N\n"
            "tumour  cannot be re…  1\n");
}

TEST(TableTest, NoLineIsWiderThanTheTerminal) {
  const std::vector<Row> rows = {{"NAME", "STATE", "REASON"},
                                 {"a_long_name_of_a_model", "failed", "some reason or other"},
                                 {"änderung", "ready", "größer als erlaubt"}};
  for (int width = 5; width < 60; ++width) {
    const std::string text = Columns(rows, Wide(width));
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = text.find('\n', at);
      EXPECT_LE(WidthOf(std::string_view(text).substr(at, end - at)), width) << text;
      at = end + 1;
    }
  }
}

TEST(TableTest, TheFirstColumnIsTheLastToLoseAnything) {
  const std::vector<Row> rows = {{"NAME", "REASON"}, {"tumour_logistic", "a reason"}};
  EXPECT_THAT(Columns(rows, Wide(21)), HasSubstr("tumour_logistic  a r…"));
  EXPECT_THAT(Columns(rows, Wide(16)), HasSubstr("tumour_lo…  a r…"));
}

TEST(TableTest, ACutIsBetweenCharactersAndNotInsideOne) {
  EXPECT_EQ(WidthOf("größe"), 5);
  EXPECT_EQ(CutTo("größe", 5), "größe");
  EXPECT_EQ(CutTo("größe", 4), "grö…");
  EXPECT_EQ(CutTo("größe", 1), "…");
  EXPECT_EQ(CutTo("größe", 0), "");
}

TEST(TableTest, AFieldThatIsTooLongGoesOnBelowItself) {
  EXPECT_EQ(Fields({{"name", "tumour"}, {"what is wrong", "it could not be read"}}, Wide(30)),
            "name           tumour\n"
            "what is wrong  it could not \n"
            "               be read\n");
  EXPECT_EQ(Fields({{"a", "0123456789"}}, Wide(9)),
            "a  012345\n"
            "   6789\n");
}

TEST(TableTest, WhatAServerSaysCannotCommandTheTerminal) {
  const std::string text = Columns({{"NAME"}, {"a\x1b[2J\nb\x7f"}}, Look());
  EXPECT_EQ(text, "NAME\na [2J b \n");
  EXPECT_EQ(Fields({{"a", "\x1b]0;x\a"}}, Look()), "a   ]0;x \n");
}

TEST(TableTest, OnlyStatesAndAnswersHaveColours) {
  const std::string text =
      Columns({{"NAME", "STATE", "ANSWER"}, {"ready", "ready", "error"}}, Coloured());
  EXPECT_THAT(text, HasSubstr("\nready  \x1b[32mready\x1b[0m  \x1b[31merror\x1b[0m\n"));
  EXPECT_THAT(Fields({{"state", "draining"}, {"name", "ready"}}, Coloured()),
              testing::AllOf(HasSubstr("\x1b[33mdraining\x1b[0m\n"), HasSubstr("name   ready\n")));
  EXPECT_THAT(Columns({{"STATE"}, {"ready"}}, Look()), Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace baton::ctl
