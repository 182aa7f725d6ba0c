// The router: a table of paths against a table of patterns.
#include "server/http/router.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace baton::http {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::IsEmpty;
using Kind = Match::Kind;

enum Route : std::size_t {
  kHello,
  kHelloPost,
  kModel,
  kModelDelete,
  kPredict,
  kExplain,
  kInfer,
  kReady,
  kVersionReady,
  kList,
  kSlash,
  kIndex,
  kFixedInfer,
};

Router MakeRouter() {
  Router router;
  router.Add(Method::kGet, "/", kIndex);
  router.Add(Method::kGet, "/hello", kHello);
  router.Add(Method::kPost, "/hello", kHelloPost);
  router.Add(Method::kGet, "/folder/", kSlash);
  router.Add(Method::kGet, "/v1/models/{m}", kModel);
  router.Add(Method::kDelete, "/v1/models/{m}", kModelDelete);
  router.Add(Method::kPost, "/v1/models/{m}:predict", kPredict);
  router.Add(Method::kPost, "/v1/models/{m}:explain", kExplain);
  router.Add(Method::kGet, "/v2/models/list", kList);
  router.Add(Method::kPost, "/v2/models/{m}/infer", kInfer);
  router.Add(Method::kPost, "/v2/models/fixed/infer", kFixedInfer);
  router.Add(Method::kGet, "/v2/models/{m}/ready", kReady);
  router.Add(Method::kGet, "/v2/models/{m}/versions/{v}/ready", kVersionReady);
  return router;
}

struct FoundCase {
  Method method;
  std::string_view path;
  std::size_t route;
  std::vector<std::string_view> params;
};

TEST(RouterTest, PathsNameTheirRoutes) {
  const Router router = MakeRouter();
  const std::vector<FoundCase> cases = {
      {Method::kGet, "/", kIndex, {}},
      {Method::kGet, "/hello", kHello, {}},
      {Method::kHead, "/hello", kHello, {}},
      {Method::kPost, "/hello", kHelloPost, {}},
      {Method::kGet, "/folder/", kSlash, {}},
      {Method::kGet, "/v1/models/a", kModel, {"a"}},
      {Method::kHead, "/v1/models/a b%c", kModel, {"a b%c"}},
      {Method::kDelete, "/v1/models/a", kModelDelete, {"a"}},
      {Method::kPost, "/v1/models/a:predict", kPredict, {"a"}},
      {Method::kPost, "/v1/models/a:b:predict", kPredict, {"a:b"}},
      {Method::kPost, "/v1/models/a:explain", kExplain, {"a"}},
      {Method::kGet, "/v1/models/a:other", kModel, {"a:other"}},
      {Method::kGet, "/v1/models/:predict", kModel, {":predict"}},
      {Method::kPost, "/v2/models/a/infer", kInfer, {"a"}},
      {Method::kPost, "/v2/models/fixed/infer", kFixedInfer, {}},
      {Method::kGet, "/v2/models/list", kList, {}},
      {Method::kGet, "/v2/models/list/ready", kReady, {"list"}},
      {Method::kGet, "/v2/models/fixed/ready", kReady, {"fixed"}},
      {Method::kGet, "/v2/models/a/versions/2/ready", kVersionReady, {"a", "2"}},
  };
  for (const FoundCase& one : cases) {
    SCOPED_TRACE(one.path);
    const Match match = router.Find(one.method, one.path);
    EXPECT_EQ(match.kind, Kind::kFound);
    EXPECT_EQ(match.route, one.route);
    EXPECT_THAT(match.params, ElementsAreArray(one.params));
    EXPECT_THAT(match.allow, IsEmpty());
  }
}

TEST(RouterTest, OtherPathsAreNotFound) {
  const Router router = MakeRouter();
  for (const std::string_view path : {"",
                                      "hello",
                                      "/hell",
                                      "/hello/",
                                      "/helloo",
                                      "/Hello",
                                      "//hello",
                                      "/folder",
                                      "/v1",
                                      "/v1/models",
                                      "/v1/models/",
                                      "/v1/models/a/",
                                      "/v1/models/a/b",
                                      "/v2/models//infer",
                                      "/v2/models/a",
                                      "/v2/models/a/infer/",
                                      "/v2/models/a/infer/b",
                                      "/v2/models/a/versions//ready",
                                      "/v2/models/a/versions/1",
                                      "*"}) {
    const Match match = router.Find(Method::kGet, path);
    EXPECT_EQ(match.kind, Kind::kNotFound) << path;
    EXPECT_THAT(match.params, IsEmpty()) << path;
  }
}

struct RefusedMethodCase {
  Method method;
  std::string_view path;
  std::string_view allow;
};

TEST(RouterTest, OtherMethodsAreToldTheAllowedOnes) {
  const Router router = MakeRouter();
  const std::vector<RefusedMethodCase> cases = {
      {Method::kDelete, "/hello", "GET, HEAD, POST"},
      {Method::kOther, "/hello", "GET, HEAD, POST"},
      {Method::kOptions, "/hello", "GET, HEAD, POST"},
      {Method::kPatch, "/v1/models/a", "GET, HEAD, DELETE"},
      {Method::kGet, "/v1/models/a:predict", "POST"},
      {Method::kHead, "/v2/models/a/infer", "POST"},
      {Method::kPut, "/v2/models/fixed/infer", "POST"},
      {Method::kOptions, "*", "GET, HEAD, POST, DELETE"},
  };
  for (const RefusedMethodCase& one : cases) {
    SCOPED_TRACE(one.path);
    const Match match = router.Find(one.method, one.path);
    EXPECT_EQ(match.kind, Kind::kMethodNotAllowed);
    EXPECT_EQ(match.allow, one.allow);
  }
}

TEST(RouterTest, AnOptionsRouteIsFoundAndKnowsTheAllowedMethods) {
  Router router;
  router.Add(Method::kOptions, "/a", 1);
  router.Add(Method::kPut, "/a", 2);
  const Match match = router.Find(Method::kOptions, "/a");
  EXPECT_EQ(match.kind, Kind::kFound);
  EXPECT_EQ(match.route, 1U);
  EXPECT_EQ(match.allow, "PUT, OPTIONS");
}

TEST(RouterTest, ARouterThatWasMovedGoesOn) {
  Router moved_into;
  moved_into = MakeRouter();
  const Router router(std::move(moved_into));
  EXPECT_EQ(router.Find(Method::kGet, "/hello").route, kHello);
}

TEST(RouterTest, ARouteForHeadWinsOverThatForGet) {
  Router router;
  router.Add(Method::kGet, "/a", 1);
  router.Add(Method::kHead, "/a", 2);
  EXPECT_EQ(router.Find(Method::kHead, "/a").route, 2U);
  EXPECT_EQ(router.Find(Method::kGet, "/a").route, 1U);
}

TEST(RouterTest, ParamsAreViewsIntoThePath) {
  const Router router = MakeRouter();
  const std::string path = "/v2/models/abc/infer";
  const Match match = router.Find(Method::kPost, path);
  ASSERT_THAT(match.params, ElementsAre("abc"));
  EXPECT_EQ(match.params[0].data(), path.data() + 11);
}

TEST(RouterTest, AVeryDeepPathIsOnlyNotFound) {
  const Router router = MakeRouter();
  std::string path = "/v2/models";
  for (int i = 0; i < 4000; ++i) path += "/a";
  EXPECT_EQ(router.Find(Method::kGet, path).kind, Kind::kNotFound);
}

TEST(RouterDeathTest, TheSamePairTwiceIsOurOwnFault) {
  Router router = MakeRouter();
  EXPECT_DEATH(router.Add(Method::kGet, "/hello", 99), "check failed");
  EXPECT_DEATH(router.Add(Method::kPost, "/v1/models/{other}:predict", 99), "check failed");
  EXPECT_DEATH(router.Add(Method::kGet, "no-slash", 99), "check failed");
  EXPECT_DEATH(router.Add(Method::kGet, "/{a}:b/c", 99), "check failed");
}

}  // namespace
}  // namespace baton::http
