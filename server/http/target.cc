// Forms of targets, percent-decoding and dot segments.
#include "server/http/target.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "server/http/authority.h"
#include "server/http/characters.h"

namespace baton::http {
namespace {

Fault BadTarget(std::string_view expected, std::string_view got) {
  return Fault{RefusalKind::kBadTarget, expected, got};
}

// What has to be done to a path, found out in one pass.
struct PathShape {
  bool is_valid = true;
  bool has_escapes = false;
  bool has_dot_segments = false;  // or may have: "/." starts one
};

PathShape Inspect(std::string_view path) {
  PathShape shape;
  char before = '/';
  for (const char c : path) {
    if (!Is(kPathChar, c)) shape.is_valid = false;
    if (c == '%') shape.has_escapes = true;
    if (c == '.' && before == '/') shape.has_dot_segments = true;
    before = c;
  }
  return shape;
}

std::optional<Fault> Decode(std::string_view encoded, std::string& decoded) {
  decoded.clear();
  decoded.reserve(encoded.size());
  for (std::size_t i = 0; i < encoded.size(); ++i) {
    if (encoded[i] != '%') {
      decoded += encoded[i];
      continue;
    }
    const std::string_view escape = encoded.substr(i, 3);
    if (escape.size() < 3 || HexValue(escape[1]) < 0 || HexValue(escape[2]) < 0) {
      return BadTarget("'%' in a path must be followed by two hexadecimal digits", escape);
    }
    const int byte = HexValue(escape[1]) * 16 + HexValue(escape[2]);
    if (byte < 0x20 || byte == 0x7F) {
      return BadTarget("a path must not hold encoded control characters", escape);
    }
    if (byte == '/') return BadTarget("a path must not hold encoded slashes", escape);
    decoded += static_cast<char>(byte);
    i += 2;
  }
  return std::nullopt;
}

// RFC 3986, 5.2.4, in place; false when a ".." has no segment left to take away.
bool RemoveDotSegments(std::string& path) {
  std::size_t kept = 0;  // path[0, kept) is done: whole segments, each behind its '/'
  for (std::size_t at = 0; at < path.size();) {
    std::size_t end = path.find('/', at + 1);
    if (end == std::string::npos) end = path.size();
    const std::string_view segment = std::string_view(path).substr(at + 1, end - at - 1);
    const bool is_last = end == path.size();
    if (segment == "..") {
      if (kept == 0) return false;
      kept = path.rfind('/', kept - 1);
    }
    if (segment == "." || segment == "..") {
      if (is_last) path[kept++] = '/';  // "/a/." and "/a/b/.." name the folder "/a/"
    } else {
      path.replace(kept, end - at, path, at, end - at);
      kept += end - at;
    }
    at = end;
  }
  path.resize(kept);
  return true;
}

std::optional<Fault> NormalizePath(std::string_view encoded, std::string& path) {
  PathShape shape = Inspect(encoded);
  if (!shape.is_valid) {
    return BadTarget("a path must percent-encode everything but the characters of RFC 3986",
                     encoded);
  }
  if (shape.has_escapes) {
    if (auto fault = Decode(encoded, path)) {
      path.clear();
      return fault;
    }
    shape.has_dot_segments = true;  // the dots may have been encoded
  } else {
    path = encoded;
  }
  if (shape.has_dot_segments && !RemoveDotSegments(path)) {
    path.clear();
    return BadTarget("'..' in a path must not climb above its root", encoded);
  }
  return std::nullopt;
}

// Takes "http://authority" or "https://authority" off the front of `rest`.
std::optional<Fault> TakeOrigin(std::string_view& rest) {
  const std::size_t colon = rest.find("://");
  const std::string_view scheme = rest.substr(0, colon);
  if (colon == rest.npos ||
      !(EqualsIgnoreCase(scheme, "http") || EqualsIgnoreCase(scheme, "https"))) {
    return BadTarget("a target must be a path that starts with '/' or an http URL", rest);
  }
  const std::string_view after = rest.substr(colon + 3);
  const std::size_t end = std::min(after.find_first_of("/?"), after.size());
  if (!IsAuthority(after.substr(0, end))) {
    return BadTarget("the host of the target must be a name or an address, with a port or without",
                     after.substr(0, end));
  }
  rest = after.substr(end);
  return std::nullopt;
}

}  // namespace

std::optional<Fault> ParseTarget(Request& request) {
  std::string_view rest = request.target;
  if (rest.find('#') != rest.npos) return BadTarget("a target must not hold a fragment", rest);
  if (rest == "*" && request.method == Method::kOptions) {
    request.path = rest;
    return std::nullopt;
  }
  if (!rest.starts_with('/')) {
    if (auto fault = TakeOrigin(rest)) return fault;
  }
  const std::size_t question = rest.find('?');
  const std::string_view path = rest.substr(0, question);
  if (question != rest.npos) request.query = rest.substr(question + 1);
  if (path.empty()) {
    // RFC 9112, 3.2.4: of an OPTIONS with neither path nor query the server as a whole is asked.
    const bool is_all = request.method == Method::kOptions && question == rest.npos;
    request.path = is_all ? "*" : "/";
    return std::nullopt;
  }
  return NormalizePath(path, request.path);
}

}  // namespace baton::http
