// The files inside the program.
#include "server/pages/site.h"

#include <regex>
#include <string>

#include <gmock/gmock.h>

namespace baton::pages {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kPages[] = {"api.html", "live.html", "playground.html"};

// Every src, href and action of a page.
std::vector<std::string> LinksOf(std::string_view page) {
  const std::string text(SiteText(page));
  const std::regex link("(?:src|href|action)=\"([^\"]*)\"");
  std::vector<std::string> links;
  for (std::sregex_iterator at(text.begin(), text.end(), link), end; at != end; ++at) {
    links.push_back((*at)[1]);
  }
  return links;
}

TEST(SiteTest, PagesHaveLinksOfTheirOwnHostOnly) {
  for (const std::string_view page : kPages) {
    EXPECT_FALSE(LinksOf(page).empty()) << page;
    for (const std::string& link : LinksOf(page)) {
      EXPECT_TRUE(link.starts_with('#') || (link.starts_with('/') && !link.starts_with("//")))
          << page << ": " << link;
    }
  }
}

TEST(SiteTest, WhatPagesLoadIsThere) {
  for (const std::string_view page : kPages) {
    for (const std::string& link : LinksOf(page)) {
      const bool is_data = link.starts_with("/data/");  // the data plane's to answer
      if (is_data || link.find('.') == link.npos) continue;
      EXPECT_TRUE(SiteFile(link).has_value()) << page << ": " << link;
    }
  }
}

// The policy of the pages' answers would block them.
TEST(SiteTest, PagesHaveNoScriptOrStyleInside) {
  for (const std::string_view page : kPages) {
    const std::string text(SiteText(page));
    EXPECT_THAT(text, Not(HasSubstr(" style="))) << page;
    EXPECT_THAT(text, Not(HasSubstr("<style"))) << page;
    EXPECT_FALSE(std::regex_search(text, std::regex("<script(?! src=)|\\son[a-z]+="))) << page;
  }
}

TEST(SiteTest, NothingElseIsServed) {
  for (const std::string_view path : {"/live.html", "/site/live.js", "live.js", "/../live.js"}) {
    EXPECT_FALSE(SiteFile(path).has_value()) << path;
  }
}

}  // namespace
}  // namespace baton::pages
