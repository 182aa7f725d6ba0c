// What browsers are told with every answer.
#include "server/pages/security_headers.h"

#include <gmock/gmock.h>

namespace baton::pages {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::string HeadersOf(Content content, bool is_secured) {
  http::Response response;
  http::AppendHeader(response.headers, "ETag", "\"1\"");
  AddSecurityHeaders(response, content, is_secured);
  return response.headers;
}

TEST(SecurityHeadersTest, DataMayLoadNothingAndRunNothing) {
  EXPECT_THAT(
      HeadersOf(Content::kData, false),
      AllOf(HasSubstr("ETag: \"1\"\r\nContent-Security-Policy: default-src 'none'; base-uri "
                      "'none'; form-action 'none'; frame-ancestors 'none'\r\n"),
            HasSubstr("X-Content-Type-Options: nosniff\r\n"),
            HasSubstr("X-Frame-Options: DENY\r\n"), HasSubstr("Referrer-Policy: no-referrer\r\n"),
            HasSubstr("Cross-Origin-Opener-Policy: same-origin\r\n"),
            HasSubstr("Cross-Origin-Resource-Policy: same-origin\r\n"),
            HasSubstr("Cache-Control: no-store\r\n"), HasSubstr("Permissions-Policy: "),
            Not(HasSubstr("Access-Control")), Not(HasSubstr("unsafe"))));
}

TEST(SecurityHeadersTest, APageMayLoadWhatIsBesideIt) {
  EXPECT_THAT(HeadersOf(Content::kPage, false),
              AllOf(HasSubstr("default-src 'none'; script-src 'self'; style-src 'self'; img-src "
                              "'self'; connect-src 'self'; "),
                    HasSubstr("frame-ancestors 'none'\r\n"), Not(HasSubstr("unsafe"))));
}

TEST(SecurityHeadersTest, WhoComesOverTlsIsToldToComeBackThatWay) {
  EXPECT_THAT(HeadersOf(Content::kData, true),
              HasSubstr("Strict-Transport-Security: max-age=31536000\r\n"));
  EXPECT_THAT(HeadersOf(Content::kPage, true), HasSubstr("Strict-Transport-Security: "));
  EXPECT_THAT(HeadersOf(Content::kData, false), Not(HasSubstr("Strict-Transport-Security")));
}

}  // namespace
}  // namespace baton::pages
