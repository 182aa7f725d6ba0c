// Targets: what comes out of one is safe, is what RFC 3986 says by the book, and means itself.
#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/http/characters.h"
#include "server/http/request_parser.h"
#include "server/http/router.h"
#include "server/http/target.h"
#include "tests/fuzz/fuzzer.h"

namespace baton::fuzz {
namespace {

using http::Method;
using http::Request;

// Bytes that a request line lets through, and only those: ParseTarget requires it.
std::string Visible(std::string_view bytes) {
  std::string text(bytes);
  for (char& c : text) {
    if (!http::Is(http::kVisibleChar, c)) {
      c = static_cast<char>('!' + static_cast<unsigned char>(c) % ('~' - '!' + 1));
    }
  }
  return text;
}

std::optional<Request> Parse(std::string target, Method method) {
  Request request;
  request.method = method;
  request.target = std::move(target);
  if (http::ParseTarget(request)) return std::nullopt;
  return request;
}

// Segment by segment with a stack, where the server edits in place.
std::string WithoutDotSegments(const std::string& path) {
  std::vector<std::string> kept;
  bool ends_in_folder = false;
  for (std::size_t at = 0; at < path.size();) {
    const std::size_t end = std::min(path.find('/', at + 1), path.size());
    const std::string segment = path.substr(at + 1, end - at - 1);
    ends_in_folder = segment == "." || segment == "..";
    if (segment == "..") {
      Require(!kept.empty(), "dots above the root are refused", path);
      kept.pop_back();
    } else if (segment != ".") {
      kept.push_back(segment);
    }
    at = end;
  }
  std::string out;
  for (const std::string& segment : kept) out += "/" + segment;
  return ends_in_folder ? out + "/" : out;
}

std::string Decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_escape = text[i] == '%';
    out += is_escape ? static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16))
                     : text[i];
    if (is_escape) i += 2;
  }
  return out;
}

std::string Encoded(const std::string& path) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '/' || (c != '%' && http::Is(http::kPathChar, c))) {
      out += c;
    } else {
      out.append("%").append(1, kDigits[byte >> 4U]).append(1, kDigits[byte & 15U]);
    }
  }
  return out;
}

// The path and query of a target that was taken, by the book.
void CheckAgainstTheBook(const Request& request) {
  std::string_view rest = request.target;
  if (!rest.starts_with('/')) {
    rest.remove_prefix(rest.find("://") + 3);
    rest.remove_prefix(std::min(rest.find_first_of("/?"), rest.size()));
  }
  const std::size_t question = std::min(rest.find('?'), rest.size());
  const std::string decoded = Decoded(rest.substr(0, question));
  for (const char c : decoded) {
    const auto byte = static_cast<unsigned char>(c);
    Require(byte >= 0x20 && byte != 0x7F, "no control character is decoded", request.target);
  }
  RequireEqual(std::count(decoded.begin(), decoded.end(), '/'),
               std::count(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(question), '/'),
               "no slash is decoded");
  const std::string path = WithoutDotSegments(decoded);
  RequireEqual(request.path, path.empty() ? "/" : path, "a path by the book");
  const std::string_view query = rest.substr(std::min(question + 1, rest.size()));
  RequireEqual(request.query, std::string(query), "a query as sent");
}

void CheckMeansItself(const Request& request) {
  const auto again = Parse(Encoded(request.path), Method::kGet);
  Require(again.has_value(), "a path is a target", request.path);
  RequireEqual(again->path, request.path, "a path that was parsed parses to itself");
}

// The parser as a whole says the same of a target as ParseTarget.
void CheckInRequest(const std::string& target, const std::optional<Request>& alone) {
  http::RequestParser parser({.request_line_bytes = SIZE_MAX});
  const auto progress = parser.Feed("GET " + target + " HTTP/1.1\r\nHost: h\r\n\r\n");
  if (!alone) {
    Require(progress.state == http::ParseState::kRefused, "a bad target is refused", target);
    return RequireEqual<std::string_view>(parser.refusal().reason, "bad_target", "the reason");
  }
  Require(progress.state == http::ParseState::kComplete, "a good target is taken", target);
  RequireEqual(parser.request().path, alone->path, "the path in a request");
}

const http::Router& SomeRouter() {
  static const http::Router router = [] {
    http::Router made;
    std::size_t route = 0;
    for (const auto* pattern :
         {"/", "/v2", "/v2/models/{m}/infer", "/v2/models/{m}/versions/{v}/infer", "/v1/models/{m}",
          "/v1/models/{m}:predict", "/{a}/{b}/c", "/{a}"}) {
      made.Add(route % 2 == 0 ? Method::kGet : Method::kPost, pattern, route);
      ++route;
    }
    return made;
  }();
  return router;
}

void CheckRoute(const Request& request) {
  const http::Match match = SomeRouter().Find(request.method, request.path);
  for (const std::string_view param : match.params) {
    Require(!param.empty() && param.find('/') == param.npos, "a parameter is one segment", param);
    Require(param.data() >= request.path.data() &&
                param.data() + param.size() <= request.path.data() + request.path.size(),
            "a parameter lies in the path");
  }
  Require((match.kind == http::Match::Kind::kMethodNotAllowed) <= !match.allow.empty(),
          "405 says what is allowed", request.path);
}

void Check(const std::string& target) {
  const auto got = Parse(target, Method::kGet);
  CheckInRequest(target, got);
  const auto for_options = Parse(target, Method::kOptions);
  Require(for_options.has_value() == (got.has_value() || target == "*"),
          "methods differ only in the asterisk", target);
  if (for_options) CheckRoute(*for_options);
  if (!got) return;
  CheckAgainstTheBook(*got);
  CheckMeansItself(*got);
  CheckRoute(*got);
}

}  // namespace
}  // namespace baton::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string target = baton::fuzz::Visible(baton::fuzz::AsText(data, size));
  if (!target.empty()) baton::fuzz::Check(target);
  return 0;
}
