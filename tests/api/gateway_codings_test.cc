// What a gateway makes of Content-Encoding and Accept-Encoding.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/api/gateway.h"
#include "tests/api/fake_model.h"
#include "tests/support/make_request.h"

namespace baton::api {
namespace {

using http::RequestWith;

using testing::HasSubstr;
using testing::Not;
using Headers = std::vector<std::pair<std::string, std::string>>;

class GatewayCodingsTest : public testing::Test {
 protected:
  Resolution Post(const std::string& path, const Headers& headers) {
    http::Request request = RequestWith(headers);
    request.method = http::Method::kPost;
    request.path = path;
    request.has_body = true;
    return gateway_.Resolve(request, catalogue_, true);
  }

  metrics::Registry registry_;
  serve::Endpoints endpoints_{registry_};
  FakeDirectory directory_;
  const Gateway gateway_{endpoints_,
                         directory_,
                         std::make_shared<http::GzipCounts>(),
                         {.json_depth = kUsualJsonDepth, .test_endpoints = true, .gzip = {}}};
  const Catalogue catalogue_ =
      CatalogueOf(ModelOfVersions("echo", {EchoModel({{"x", models::DataType::kFp32, {-1}}})},
                                  *endpoints_.Add("echo", serve::Endpoint::Kind::kModel)));
};

const std::vector<std::string> kEndpoints = {
    "/reverse", "/v2/models/echo/infer", "/v1/models/echo:predict", "/test/sleep", "/test/spin"};

TEST_F(GatewayCodingsTest, EveryEndpointTakesAndGivesGzip) {
  for (const std::string& path : kEndpoints) {
    const Resolution coded =
        Post(path, {{"Content-Encoding", "gzip"}, {"Accept-Encoding", "gzip"}});
    ASSERT_TRUE(coded.plan.has_value()) << path;
    EXPECT_TRUE(coded.plan->body_is_gzip);
    EXPECT_TRUE(coded.plan->takes_gzip);
    const Resolution plain = Post(path, {{"Accept-Encoding", "br"}});
    ASSERT_TRUE(plain.plan.has_value()) << path;
    EXPECT_FALSE(plain.plan->body_is_gzip);
    EXPECT_FALSE(plain.plan->takes_gzip);
  }
}

TEST_F(GatewayCodingsTest, AnotherCodingIs415AndSaysWhatIsTaken) {
  for (const std::string& path : kEndpoints) {
    const Resolution refused = Post(path, {{"Content-Encoding", "br"}});
    EXPECT_FALSE(refused.plan.has_value());
    EXPECT_TRUE(refused.is_clients_fault);
    EXPECT_NE(refused.endpoint, nullptr);
    EXPECT_EQ(refused.response.status, 415);
    EXPECT_THAT(refused.response.body, HasSubstr("'br', expected none, or gzip once"));
    EXPECT_THAT(refused.response.headers, HasSubstr("Accept-Encoding: gzip\r\n"));
  }
}

TEST_F(GatewayCodingsTest, AnotherTypeIs415AndSaysNothingOfCodings) {
  const Resolution refused =
      Post("/reverse", {{"Content-Type", "text/xml"}, {"Content-Encoding", "gzip"}});
  EXPECT_EQ(refused.response.status, 415);
  EXPECT_THAT(refused.response.headers, Not(HasSubstr("Accept-Encoding")));
}

}  // namespace
}  // namespace baton::api
