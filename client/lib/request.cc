// Checking and rendering of requests.
#include "client/lib/request.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

#include <strings.h>

namespace baton::client {
namespace {

bool IsAlphanumeric(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

bool IsToken(std::string_view text) {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return IsAlphanumeric(c) || kOthers.find(c) != std::string_view::npos;
  });
}

bool IsHeaderValue(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
  });
}

bool IsPath(std::string_view text) {
  return text.starts_with('/') &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

bool IsName(std::string_view text, std::string_view name) {
  return text.size() == name.size() && strncasecmp(text.data(), name.data(), name.size()) == 0;
}

bool HasHeader(const Request& request, std::string_view name) {
  return std::any_of(request.headers.begin(), request.headers.end(),
                     [&](const auto& header) { return IsName(header.first, name); });
}

void AppendHeader(std::string& wire, std::string_view name, std::string_view value) {
  wire.append(name).append(": ").append(value).append("\r\n");
}

void AppendSegment(std::string& path, std::string_view segment) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  constexpr std::string_view kUnreserved = "-._~";
  path += '/';
  for (const char c : segment) {
    if (IsAlphanumeric(c) || kUnreserved.find(c) != std::string_view::npos) {
      path += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      path += '%';
      path += kHex[byte >> 4];
      path += kHex[byte & 15];
    }
  }
}

}  // namespace

Status Request::Validate() const {
  if (!IsToken(method)) {
    return Fail(ErrorCode::kInvalidArgument, "'" + method + "' is no HTTP method", "method");
  }
  if (!IsPath(path)) {
    return Fail(ErrorCode::kInvalidArgument,
                "'" + path + "' is no path: expected / and then visible ASCII without spaces",
                "path");
  }
  for (const auto& [name, value] : headers) {
    if (!IsToken(name) || !IsHeaderValue(value)) {
      return Fail(ErrorCode::kInvalidArgument,
                  "header '" + name + "' has characters that a header cannot hold", "headers");
    }
    for (const std::string_view own : {"Content-Length", "Transfer-Encoding", "Connection"}) {
      if (IsName(name, own)) {
        return Fail(ErrorCode::kInvalidArgument,
                    "header '" + name + "' is set by the client itself", "headers");
      }
    }
  }
  return {};
}

std::string InferPath(std::string_view model, std::string_view version) {
  std::string path = "/v2/models";
  AppendSegment(path, model);
  if (!version.empty()) {
    path += "/versions";
    AppendSegment(path, version);
  }
  return path + "/infer";
}

Result<std::pair<std::string, std::string>> ParseHeaderLine(std::string_view line) {
  const std::size_t colon = line.find(':');
  const std::string_view name = line.substr(0, colon);
  if (colon == std::string_view::npos || !IsToken(name)) {
    return Fail(ErrorCode::kInvalidArgument,
                "'" + std::string(line) + "' is no header: expected 'Name: value'");
  }
  std::string_view value = line.substr(colon + 1);
  while (value.starts_with(' ') || value.starts_with('\t')) value.remove_prefix(1);
  while (value.ends_with(' ') || value.ends_with('\t')) value.remove_suffix(1);
  return std::pair(std::string(name), std::string(value));
}

std::string BudgetHeaderValue(Duration budget) {
  std::array<char, 64> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), ToMillis(budget),
                                 std::chars_format::fixed)
                       .ptr;
  return std::string(text.data(), end);
}

std::string ToWire(const Request& request, std::string_view host, Persistence persistence) {
  std::string wire;
  wire.reserve(256 + request.body.size());
  wire.append(request.method).append(" ").append(request.path).append(" HTTP/1.1\r\n");
  if (!HasHeader(request, "Host")) AppendHeader(wire, "Host", host);
  if (!HasHeader(request, "User-Agent")) {
    AppendHeader(wire, "User-Agent", "baton-client/" BATON_VERSION);
  }
  if (persistence == Persistence::kClose) AppendHeader(wire, "Connection", "close");
  for (const auto& [name, value] : request.headers) AppendHeader(wire, name, value);
  if (!request.body.empty() && !HasHeader(request, "Content-Type")) {
    AppendHeader(wire, "Content-Type", "application/json");
  }
  const bool takes_body = request.method != "GET" && request.method != "HEAD";
  if (takes_body || !request.body.empty()) {
    AppendHeader(wire, "Content-Length", std::to_string(request.body.size()));
  }
  wire.append("\r\n").append(request.body);
  return wire;
}

}  // namespace baton::client
