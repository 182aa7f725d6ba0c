// The API document.
#include "server/api/openapi.h"

#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/api/json.h"
#include "server/api/route_table.h"

namespace baton::api {
namespace {

using testing::HasSubstr;
using testing::Not;

std::set<std::string> KeysOf(const JsonValue& object) {
  std::set<std::string> keys;
  JsonMembers members(object);
  while (const auto member = members.Next()) keys.emplace(member->key);
  return keys;
}

JsonValue Member(const JsonValue& object, std::string_view key) {
  JsonMembers members(object);
  while (const auto member = members.Next()) {
    if (member->key == key) return member->value;
  }
  ADD_FAILURE() << "no member " << key;
  return object;
}

TEST(OpenApiTest, EveryRouteIsInTheDocument) {
  const std::string text = OpenApiDocument({}, true);
  const auto document = ParseJson(text);
  ASSERT_TRUE(document) << document.error().message;
  std::set<std::string> patterns;
  for (const RouteText& route : AllRoutes()) patterns.emplace(route.pattern);
  EXPECT_EQ(KeysOf(Member(*document, "paths")), patterns);
}

TEST(OpenApiTest, EveryReferenceLeadsToAComponent) {
  const std::string text = OpenApiDocument({}, true);
  const auto components = ParseJson(std::string(OpenApiComponents()));
  ASSERT_TRUE(components) << components.error().message;
  std::set<std::string> known;
  for (const std::string& kind : KeysOf(*components)) {
    for (const std::string& name : KeysOf(Member(*components, kind))) {
      known.insert("#/components/" + kind + "/" + name);
    }
  }
  constexpr std::string_view kBegin = R"("$ref":")";
  std::size_t count = 0;
  for (auto at = text.find(kBegin); at != std::string::npos; at = text.find(kBegin, at + 1)) {
    const std::size_t begin = at + kBegin.size();
    const std::string reference = text.substr(begin, text.find('"', begin) - begin);
    EXPECT_EQ(known.count(reference), 1U) << reference;
    ++count;
  }
  EXPECT_GT(count, AllRoutes().size());
}

TEST(OpenApiTest, EveryRouteIsDescribed) {
  std::set<std::string_view> operations;
  for (const RouteText& route : AllRoutes()) {
    EXPECT_TRUE(operations.insert(route.operation).second) << route.operation;
    EXPECT_FALSE(route.summary.empty()) << route.pattern;
    EXPECT_FALSE(route.response.empty()) << route.pattern;
    EXPECT_EQ(route.request.empty(), route.method == http::Method::kGet) << route.pattern;
  }
}

TEST(OpenApiTest, ModelsThatAnswerAreItsExamples) {
  const std::string text = OpenApiDocument(
      std::vector<ModelIndexEntry>{{"tumour", "3", "READY", ""}, {"away", "1", "UNAVAILABLE", ""}},
      false);
  EXPECT_THAT(text, HasSubstr(R"("examples":{"1":{"value":"tumour"}})"));
  EXPECT_THAT(text, HasSubstr(R"("examples":{"1":{"value":"3"}})"));
  EXPECT_THAT(text, Not(HasSubstr("away")));
  EXPECT_THAT(text, Not(HasSubstr("/test/")));
}

}  // namespace
}  // namespace baton::api
