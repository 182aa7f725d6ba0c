// Indenting of JSON for people.
#include "client/cli/json_text.h"

#include <gtest/gtest.h>

namespace baton::client {
namespace {

TEST(JsonTextTest, IndentsObjectsAndKeepsFlatArraysOnOneLine) {
  EXPECT_EQ(PrettyJson(R"({"a":[1,2.50, "x,]"],"b":{"c":[{"d":null},[]]},"e":{},"f":[]})"),
            "{\n"
            "  \"a\": [1, 2.50, \"x,]\"],\n"
            "  \"b\": {\n"
            "    \"c\": [\n"
            "      {\n"
            "        \"d\": null\n"
            "      },\n"
            "      []\n"
            "    ]\n"
            "  },\n"
            "  \"e\": {},\n"
            "  \"f\": []\n"
            "}");
}

TEST(JsonTextTest, LeavesStringsAndScalarsAsTheyAre) {
  EXPECT_EQ(PrettyJson(R"("a\"{b:\\")"), R"("a\"{b:\\")");
  EXPECT_EQ(PrettyJson(" 1e5 "), "1e5");
  EXPECT_EQ(PrettyJson("{ }"), "{}");
}

TEST(JsonTextTest, TellsJsonFromOtherText) {
  EXPECT_TRUE(IsJson(R"({"a": 1})"));
  EXPECT_TRUE(IsJson("3"));
  for (const char* bad : {"", "{", "{} {}", "hello", "{'a': 1}", "[1,]"}) {
    EXPECT_FALSE(IsJson(bad)) << bad;
  }
}

TEST(JsonTextTest, ReplacesWhatCouldDriveATerminal) {
  EXPECT_EQ(PrintableText("a\x1b[2Jb\r\n\tc\x7f"), "a?[2Jb?\n\tc?");
}

}  // namespace
}  // namespace baton::client
