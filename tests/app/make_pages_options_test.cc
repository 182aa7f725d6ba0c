// Who may predict from the pages: nobody whom the data plane would turn away.
#include "server/app/make_pages_options.h"

#include <gmock/gmock.h>

namespace baton::app {
namespace {

using testing::HasSubstr;

std::string WhyNoData(const ServerOptions& options) {
  control::StatusFeed feed;
  return MakePagesOptions(options, feed, {}, {}).no_data;
}

TEST(MakePagesOptionsTest, OnLoopbackEverybodyMayPredict) { EXPECT_EQ(WhyNoData({}), ""); }

TEST(MakePagesOptionsTest, WhereClientsShowACertificateNobodyPredictsFromThePages) {
  ServerOptions options;
  options.http_tls.client_ca = "ca.pem";
  EXPECT_THAT(WhyNoData(options), HasSubstr("tls.http.client_ca"));
  options.api_keys = "keys.yaml";
  EXPECT_THAT(WhyNoData(options), HasSubstr("tls.http.client_ca"));
}

}  // namespace
}  // namespace baton::app
