// Requests of other sites, as browsers and their bent names send them.
#include "server/pages/site_check.h"

#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

#include "tests/support/make_request.h"

namespace baton::pages {
namespace {

using ::testing::HasSubstr;
using ::testing::Optional;

using Headers = std::vector<std::pair<std::string, std::string>>;

std::optional<std::string> Refusal(const Headers& headers, const Site& site = {},
                                   std::string target = "/admin/v1") {
  http::Request request = http::RequestWith(headers);
  request.target = std::move(target);
  return RefuseOtherSites(request, site);
}

TEST(SiteCheckTest, ProgramsAndOwnPagesComeIn) {
  for (const char* host : {"127.0.0.1:8082", "127.0.0.1", "[::1]:8082", "localhost:8082",
                           "LocalHost", "192.0.2.7:80"}) {
    EXPECT_EQ(Refusal({{"Host", host}}), std::nullopt) << host;
  }
  EXPECT_EQ(Refusal({{"Host", "localhost:8082"},
                     {"Origin", "http://localhost:8082"},
                     {"Sec-Fetch-Site", "same-origin"}}),
            std::nullopt);
  EXPECT_EQ(Refusal({{"Host", "localhost"}, {"Sec-Fetch-Site", "none"}}), std::nullopt);
}

TEST(SiteCheckTest, ANameThatIsNotOursIsRefusedOnLoopback) {
  for (const char* host :
       {"evil.example", "evil.example:8082", "localhost.evil.example", "127.0.0.1.evil.example",
        "127.1", "0x7f000001", "2130706433", "127.0.0.1%00", "", "[::1", "localhost."}) {
    EXPECT_THAT(Refusal({{"Host", host}}), Optional(HasSubstr("Host"))) << host;
  }
  EXPECT_THAT(Refusal({}), Optional(HasSubstr("Host")));
}

TEST(SiteCheckTest, NamesThatAreConfiguredAreOurs) {
  const Site site{true, false, {"baton.example", "b"}};
  EXPECT_EQ(Refusal({{"Host", "Baton.Example:8082"}}, site), std::nullopt);
  EXPECT_EQ(Refusal({{"Host", "b"}}, site), std::nullopt);
  EXPECT_THAT(Refusal({{"Host", "x.baton.example"}}, site),
              Optional(HasSubstr("admin.host_names")));
}

TEST(SiteCheckTest, BeyondLoopbackAnyNameMayBeOurs) {
  const Site site{false, true, {}};
  EXPECT_EQ(Refusal({{"Host", "baton.example"}}, site), std::nullopt);
  EXPECT_EQ(Refusal({{"Host", "baton.example"}, {"Origin", "https://baton.example"}}, site),
            std::nullopt);
}

TEST(SiteCheckTest, PagesOfOtherSitesAreRefused) {
  const std::string host = "localhost:8082";
  for (const char* origin : {"http://evil.example", "http://localhost", "http://localhost:8083",
                             "https://localhost:8082", "null", "", "localhost:8082",
                             "http://localhost:8082/", "http://127.0.0.1:8082"}) {
    EXPECT_THAT(Refusal({{"Host", host}, {"Origin", origin}}), Optional(HasSubstr("Origin")))
        << origin;
  }
  for (const char* from : {"cross-site", "same-site", "", "SAME-ORIGIN", "anything"}) {
    EXPECT_THAT(Refusal({{"Host", host}, {"Sec-Fetch-Site", from}}),
                Optional(HasSubstr("Sec-Fetch-Site")))
        << from;
  }
}

TEST(SiteCheckTest, WhatCouldBeReadTwoWaysIsRefused) {
  EXPECT_THAT(Refusal({{"Host", "localhost"}, {"Host", "evil.example"}}),
              Optional(HasSubstr("twice")));
  EXPECT_THAT(Refusal({{"Host", "localhost"},
                       {"Origin", "http://localhost"},
                       {"origin", "http://evil.example"}}),
              Optional(HasSubstr("twice")));
  EXPECT_THAT(Refusal({{"Host", "localhost"}}, {}, "http://evil.example/admin/v1"),
              Optional(HasSubstr("target")));
}

}  // namespace
}  // namespace baton::pages
