// Methods, versions and the splitting of the line.
#include "server/http/request_line.h"

#include <algorithm>
#include <array>

#include "llhttp.h"

#include "server/http/characters.h"
#include "server/http/target.h"

namespace baton::http {
namespace {

// Registered methods that no route here ever takes: the router answers them with 405.
constexpr std::array kOtherMethods = {
#define BATON_METHOD_NAME(number, name, text) std::string_view(#text),
    HTTP_METHOD_MAP(BATON_METHOD_NAME)
#undef BATON_METHOD_NAME
};

constexpr std::array kServedMethods = {Method::kGet,  Method::kHead,   Method::kPost,
                                       Method::kPut,  Method::kDelete, Method::kOptions,
                                       Method::kPatch};

std::optional<Fault> ParseMethod(std::string_view text, Method& method) {
  for (const Method served : kServedMethods) {
    if (text == ToText(served)) {
      method = served;
      return std::nullopt;
    }
  }
  method = Method::kOther;
  if (text == "CONNECT") {
    return Fault{RefusalKind::kUnsupportedMethod, "this server is no proxy and opens no tunnels"};
  }
  if (std::find(kOtherMethods.begin(), kOtherMethods.end(), text) == kOtherMethods.end()) {
    return Fault{RefusalKind::kUnsupportedMethod, "the method must be a registered one", text};
  }
  return std::nullopt;
}

std::optional<Fault> ParseVersion(std::string_view text, int& minor) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (text == "HTTP/1.1" || text == "HTTP/1.0") {
    minor = text.back() - '0';
    return std::nullopt;
  }
  if (text.size() == 8 && text.starts_with("HTTP/") && is_digit(text[5]) && text[6] == '.' &&
      is_digit(text[7])) {
    return Fault{RefusalKind::kUnsupportedVersion, "the version must be HTTP/1.1 or HTTP/1.0",
                 text};
  }
  return Fault{RefusalKind::kBadRequestLine, "the request line must end in HTTP/1.1", text};
}

}  // namespace

std::optional<Fault> ParseRequestLine(std::string_view line, Request& request) {
  const std::size_t first = line.find(' ');
  const std::size_t second = first == line.npos ? line.npos : line.find(' ', first + 1);
  if (second == line.npos || second == first + 1 || line.find(' ', second + 1) != line.npos) {
    return Fault{RefusalKind::kBadRequestLine,
                 "the request line must be method, target and version with one space between",
                 line};
  }
  const std::string_view method = line.substr(0, first);
  if (!IsAll(kTokenChar, method)) {
    return Fault{RefusalKind::kBadRequestLine, "the method must be a token", method};
  }
  request.target = line.substr(first + 1, second - first - 1);
  if (auto fault = ParseVersion(line.substr(second + 1), request.version_minor)) return fault;
  if (auto fault = ParseMethod(method, request.method)) return fault;
  return ParseTarget(request);
}

}  // namespace baton::http
