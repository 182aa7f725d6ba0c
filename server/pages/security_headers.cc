// Fixed texts, made once.
#include "server/pages/security_headers.h"

#include <string>
#include <string_view>

namespace baton::pages {
namespace {

// Nothing comes from anywhere unless it is named.
constexpr std::string_view kDataPolicy =
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
constexpr std::string_view kPagePolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

std::string MakeHeaders(std::string_view policy, bool is_secured) {
  std::string headers;
  http::AppendHeader(headers, "Content-Security-Policy", policy);
  http::AppendHeader(headers, "X-Content-Type-Options", "nosniff");
  http::AppendHeader(headers, "X-Frame-Options", "DENY");
  http::AppendHeader(headers, "Referrer-Policy", "no-referrer");
  http::AppendHeader(headers, "Cross-Origin-Opener-Policy", "same-origin");
  http::AppendHeader(headers, "Cross-Origin-Resource-Policy", "same-origin");
  http::AppendHeader(headers, "Permissions-Policy",
                     "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), "
                     "usb=()");
  http::AppendHeader(headers, "Cache-Control", "no-store");
  if (is_secured) {
    http::AppendHeader(headers, "Strict-Transport-Security", "max-age=31536000");
  }
  return headers;
}

}  // namespace

void AddSecurityHeaders(http::Response& response, Content content, bool is_secured) {
  static const std::string headers[2][2] = {
      {MakeHeaders(kPagePolicy, false), MakeHeaders(kPagePolicy, true)},
      {MakeHeaders(kDataPolicy, false), MakeHeaders(kDataPolicy, true)}};
  response.headers += headers[content == Content::kData ? 1 : 0][is_secured ? 1 : 0];
}

}  // namespace baton::pages
