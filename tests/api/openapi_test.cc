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
  const std::string text = OpenApiDocument({}, {.test_endpoints = true});
  const auto document = ParseJson(text);
  ASSERT_TRUE(document) << document.error().message;
  std::set<std::string> patterns;
  for (const RouteText& route : AllRoutes()) patterns.emplace(route.pattern);
  EXPECT_EQ(KeysOf(Member(*document, "paths")), patterns);
}

TEST(OpenApiTest, EveryReferenceLeadsToAComponent) {
  const std::string text = OpenApiDocument({}, {.test_endpoints = true, .needs_keys = true});
  const auto components = ParseJson(OpenApiComponents(true));
  ASSERT_TRUE(components) << components.error().message;
  std::set<std::string> known;
  for (const std::string& kind : KeysOf(*components)) {
    for (const std::string& name : KeysOf(Member(*components, kind))) {
      known.insert(std::string("#/components/").append(kind).append("/").append(name));
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

TEST(OpenApiTest, WhereClientsNeedKeysEveryRouteSaysWhetherItDoes) {
  const std::string text = OpenApiDocument({}, {.test_endpoints = true, .needs_keys = true});
  const auto document = ParseJson(text);
  ASSERT_TRUE(document) << document.error().message;
  const JsonValue paths = Member(*document, "paths");
  for (const RouteText& route : AllRoutes()) {
    const bool is_post = route.method == http::Method::kPost;
    const JsonValue operation = Member(Member(paths, route.pattern), is_post ? "post" : "get");
    const std::set<std::string> said = KeysOf(Member(operation, "responses"));
    EXPECT_EQ(said.count("401"), route.needs_key ? 1U : 0U) << route.pattern;
    EXPECT_EQ(said.count("429"), route.needs_key ? 1U : 0U) << route.pattern;
    EXPECT_EQ(KeysOf(operation).count("security"), 1U) << route.pattern;
  }
  EXPECT_THAT(text, HasSubstr(R"("security":[])"));
  EXPECT_THAT(text, HasSubstr(R"("security":[{"Bearer":[]},{"ApiKey":[]}])"));
}

TEST(OpenApiTest, WithoutKeysNothingIsSaidOfThem) {
  const std::string text = OpenApiDocument({}, {});
  for (const char* const word : {"security", "\"401\":{\"$ref\"", "\"RateLimit\":{\"$ref\""}) {
    EXPECT_THAT(text.substr(0, text.find("\"components\"")), Not(HasSubstr(word)));
  }
  EXPECT_THAT(text, Not(HasSubstr("securitySchemes")));
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
      {});
  EXPECT_THAT(text, HasSubstr(R"("examples":{"1":{"value":"tumour"}})"));
  EXPECT_THAT(text, HasSubstr(R"("examples":{"1":{"value":"3"}})"));
  EXPECT_THAT(text, Not(HasSubstr("away")));
  EXPECT_THAT(text, Not(HasSubstr("/test/")));
}

}  // namespace
}  // namespace baton::api
