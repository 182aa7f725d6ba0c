// Names of methods and statuses, and header look-up.
#include "server/http/message.h"

#include <algorithm>

#include "server/base/check.h"
#include "server/http/characters.h"

namespace baton::http {
namespace {

bool IsHeaderText(std::string_view text) {
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

std::string_view ClientErrorPhrase(int status) {
  switch (status) {
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 411: return "Length Required";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 416: return "Range Not Satisfiable";
    case 417: return "Expectation Failed";
    case 422: return "Unprocessable Content";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    default: return "";
  }
}

}  // namespace

std::string_view ToText(Method method) {
  switch (method) {
    case Method::kGet: return "GET";
    case Method::kHead: return "HEAD";
    case Method::kPost: return "POST";
    case Method::kPut: return "PUT";
    case Method::kDelete: return "DELETE";
    case Method::kOptions: return "OPTIONS";
    case Method::kPatch: return "PATCH";
    case Method::kOther: break;
  }
  return "OTHER";
}

std::optional<std::string_view> Request::Header(std::string_view name, std::size_t nth) const {
  const std::string_view text = head;
  for (const HeaderField& field : headers) {
    if (field.name_size == name.size() &&
        EqualsIgnoreCase(text.substr(field.name_at, field.name_size), name) && nth-- == 0) {
      return text.substr(field.value_at, field.value_size);
    }
  }
  return std::nullopt;
}

void AppendHeader(std::string& headers, std::string_view name, std::string_view value) {
  BATON_CHECK(IsHeaderText(name) && IsHeaderText(value));
  headers.append(name).append(": ").append(value).append("\r\n");
}

std::string_view ReasonPhrase(int status) {
  switch (status) {
    case 100: return "Continue";
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 206: return "Partial Content";
    case 304: return "Not Modified";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
    default: return ClientErrorPhrase(status);
  }
}

}  // namespace baton::http
