// Pages of a list.
#include "admin/service/paging.h"

#include <gmock/gmock.h>

namespace baton::admin {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<control::EndpointState> Named(const std::vector<std::string>& names) {
  std::vector<control::EndpointState> endpoints(names.size());
  for (std::size_t i = 0; i < names.size(); ++i) endpoints[i].name = names[i];
  return endpoints;
}

std::vector<std::string> NamesOf(const Page<control::EndpointState>& page) {
  std::vector<std::string> names;
  for (const auto& endpoint : page.items) names.push_back(endpoint.name);
  return names;
}

TEST(PagingTest, AListThatFitsComesInOnePageByName) {
  const auto page = TakePage(Named({"c", "a", "b"}), 3, "");
  ASSERT_TRUE(page);
  EXPECT_THAT(NamesOf(*page), ElementsAre("a", "b", "c"));
  EXPECT_THAT(page->next_token, IsEmpty());
}

TEST(PagingTest, TheNextPageGoesOnAfterTheLastName) {
  const auto first = TakePage(Named({"c", "a", "b"}), 2, "");
  ASSERT_TRUE(first);
  EXPECT_THAT(NamesOf(*first), ElementsAre("a", "b"));
  const auto second = TakePage(Named({"c", "a", "b"}), 2, first->next_token);
  ASSERT_TRUE(second);
  EXPECT_THAT(NamesOf(*second), ElementsAre("c"));
  EXPECT_THAT(second->next_token, IsEmpty());
}

TEST(PagingTest, NothingIsRepeatedOrHiddenWhenTheLastOneSeenHasGone) {
  const auto first = TakePage(Named({"a", "b", "c", "d"}), 2, "");
  ASSERT_TRUE(first);
  const auto second = TakePage(Named({"a", "c", "d"}), 2, first->next_token);
  ASSERT_TRUE(second);
  EXPECT_THAT(NamesOf(*second), ElementsAre("c", "d"));
}

TEST(PagingTest, AnEmptyListIsOneEmptyPage) {
  const auto page = TakePage<control::EndpointState>({}, 0, "");
  ASSERT_TRUE(page);
  EXPECT_THAT(page->items, IsEmpty());
  EXPECT_THAT(page->next_token, IsEmpty());
}

TEST(PagingTest, SizesAreBoundedFromAbove) {
  std::vector<std::string> names(1100);
  for (std::size_t i = 0; i < names.size(); ++i) names[i] = "e" + std::to_string(i);
  const auto by_default = TakePage(Named(names), 0, "");
  ASSERT_TRUE(by_default);
  EXPECT_EQ(by_default->items.size(), 100U);
  const auto huge = TakePage(Named(names), 1'000'000, "");
  ASSERT_TRUE(huge);
  EXPECT_EQ(huge->items.size(), 1000U);
}

TEST(PagingTest, ANegativeSizeIsRefusedByName) {
  const auto page = TakePage(Named({"a"}), -1, "");
  ASSERT_FALSE(page);
  EXPECT_EQ(page.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(page.error().message, HasSubstr("page_size: expected 0 to 1000, got -1"));
}

TEST(PagingTest, ATokenOfSomebodyElseIsRefused) {
  const auto page = TakePage(Named({"a"}), 1, "17");
  ASSERT_FALSE(page);
  EXPECT_THAT(page.error().message, HasSubstr("page_token"));
  EXPECT_THAT(page.error().message, HasSubstr("got \"17\""));
}

}  // namespace
}  // namespace baton::admin
