// What hostile text becomes in a page.
#include "server/pages/html.h"

#include <gtest/gtest.h>

namespace baton::pages {
namespace {

TEST(EscapeHtmlTest, NothingOfATextIsMarkup) {
  EXPECT_EQ(EscapeHtml("<script>alert('1' & \"2\")</script>"),
            "&lt;script&gt;alert(&#39;1&#39; &amp; &quot;2&quot;)&lt;/script&gt;");
}

TEST(EscapeHtmlTest, LettersOfOtherScriptsStay) {
  EXPECT_EQ(EscapeHtml("größe 模型"), "größe 模型");
}

TEST(EscapeHtmlTest, ControlCharactersAndBytesThatAreNoTextAreReplaced) {
  EXPECT_EQ(EscapeHtml(std::string_view("a\0b\n", 4)),
            "a\xEF\xBF\xBD"
            "b\xEF\xBF\xBD");
  EXPECT_EQ(EscapeHtml("a\xFF<"), "a\xEF\xBF\xBD&lt;");
}

TEST(FillTemplateTest, EachNameBecomesItsValue) {
  EXPECT_EQ(FillTemplate("<p>{{one}}, {{two}}, {{one}}</p>", {{"one", "1"}, {"two", "{{one}}"}}),
            "<p>1, {{one}}, 1</p>");
}

TEST(FillTemplateDeathTest, ANameWithoutAValueEndsTheProcess) {
  EXPECT_DEATH(FillTemplate("{{one}}", {{"two", "2"}}), "");
}

}  // namespace
}  // namespace baton::pages
