// Requests for files, as the parser leaves them.
#pragma once

#include <string>
#include <utility>

#include "server/base/check.h"
#include "server/http/request_parser.h"

namespace baton::http {

// `more` are header lines, each with its CRLF.
inline Request Ask(const std::string& path, const std::string& more = "",
                   const std::string& method = "GET") {
  RequestParser parser{Limits{}};
  const auto progress =
      parser.Feed(method + " " + path + " HTTP/1.1\r\nHost: baton\r\n" + more + "\r\n");
  BATON_CHECK(progress.state == ParseState::kComplete);
  return std::move(parser.request());
}

}  // namespace baton::http
