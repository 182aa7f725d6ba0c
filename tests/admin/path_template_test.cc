// Templates of paths: what they take, what they find, and what is none.
#include "admin/service/path_template.h"

#include <optional>
#include <stdexcept>
#include <string>

#include <gmock/gmock.h>

namespace baton::admin {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Optional;
using ::testing::Pair;

PathTemplate Read(const std::string& text) {
  Result<PathTemplate> parsed = PathTemplate::Parse(text);
  if (!parsed) throw std::runtime_error(parsed.error().message);
  return *std::move(parsed);
}

TEST(PathTemplateTest, LiteralsMatchThemselvesAlone) {
  const PathTemplate pool = Read("/admin/v1/pool");
  EXPECT_THAT(pool.Match("/admin/v1/pool"), Optional(IsEmpty()));
  for (const char* other : {"/admin/v1/pools", "/admin/v1/poo", "/admin/v1/pool/", "/admin/v1", "",
                            "admin/v1/pool", "/admin//v1/pool", "/ADMIN/v1/pool"}) {
    EXPECT_EQ(pool.Match(other), std::nullopt) << other;
  }
}

TEST(PathTemplateTest, AFieldHasTheSegmentsThatItsPatternStandsFor) {
  const PathTemplate version = Read("/v1/{name=models/*/versions/*}");
  EXPECT_THAT(version.Match("/v1/models/tumour/versions/3"),
              Optional(ElementsAre(Pair("name", "models/tumour/versions/3"))));
  EXPECT_EQ(version.Match("/v1/models/tumour/versions"), std::nullopt);
  EXPECT_EQ(version.Match("/v1/models//versions/3"), std::nullopt);
  const PathTemplate list = Read("/v1/{parent=models/*}/versions");
  EXPECT_THAT(list.Match("/v1/models/tumour/versions"),
              Optional(ElementsAre(Pair("parent", "models/tumour"))));
  EXPECT_THAT(Read("/v1/{name}").Match("/v1/x"), Optional(ElementsAre(Pair("name", "x"))));
}

TEST(PathTemplateTest, ARestIsAllThatIsLeftAndNotNothing) {
  const PathTemplate endpoint = Read("/v1/{name=endpoints/**}");
  EXPECT_THAT(endpoint.Match("/v1/endpoints//reverse"),
              Optional(ElementsAre(Pair("name", "endpoints//reverse"))));
  EXPECT_EQ(endpoint.Match("/v1/endpoints/"), std::nullopt);
  EXPECT_EQ(endpoint.Match("/v1/endpoints"), std::nullopt);
}

TEST(PathTemplateTest, ACustomMethodsWordEndsThePath) {
  const PathTemplate load = Read("/v1/{name=models/*}:load");
  EXPECT_TRUE(load.HasWord());
  EXPECT_THAT(load.Match("/v1/models/a:b:load"), Optional(ElementsAre(Pair("name", "models/a:b"))));
  for (const char* other :
       {"/v1/models/a", "/v1/models/a:unload", "/v1/models/:load", "/v1/models/aload", ":load"}) {
    EXPECT_EQ(load.Match(other), std::nullopt) << other;
  }
}

TEST(PathTemplateTest, WhatIsNoTemplateIsRefused) {
  for (const char* bad :
       {"", "v1", "/", "/v1/", "/v1//x", "/v1/{name", "/v1/{=a}", "/v1/{a=}", "/v1/**/x", "/v1/a*",
        "/v1/{a=**}/x", "/v1:", "/v1/x}", "/v1/{a={b}}", "/v1/x:a/b", "/v1/x:*"}) {
    EXPECT_FALSE(PathTemplate::Parse(bad)) << bad;
  }
}

}  // namespace
}  // namespace baton::admin
