// An HTTP/1.1 request as the parser leaves it, and a response as the writer takes it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/clock.h"
#include "server/base/fd.h"

namespace baton::http {

enum class Method { kGet, kHead, kPost, kPut, kDelete, kOptions, kPatch, kOther };

// "OTHER" for kOther.
std::string_view ToText(Method method);

// A request whose head and body are complete. Header names and values are views into `head`, so a
// Request is moved, never copied.
struct Request {
  Method method = Method::kOther;
  std::string target;      // as sent
  std::string path;        // decoded, absolute, without dot segments; "*" for OPTIONS *
  std::string query;       // as sent, without '?'
  int version_minor = 1;   // HTTP/1.x
  bool keep_alive = true;  // what the version and the Connection header say
  bool has_body = false;   // a Content-Length or Transfer-Encoding was sent
  std::string body;        // decoded from chunks; capacity reaches 64 bytes beyond its size
  SteadyTime arrival;      // set by the session: when its first byte can have been readable
  SteadyTime complete_at;  // the same of its last byte; max(): that has not come

  // Names in the certificate that its sender showed, the subject's first. Null where the listener's
  // owner does not ask; his for as long as he handles the request.
  const std::vector<std::string>* client_names = nullptr;

  // The value of the header of the name (ASCII case-insensitive), trimmed; the first, or the `nth`
  // from 0. Empty optional when absent.
  std::optional<std::string_view> Header(std::string_view name, std::size_t nth = 0) const;

  struct HeaderField {
    std::uint32_t name_at, name_size, value_at, value_size;  // into `head`
  };
  std::string head;                  // names and values, one after the other
  std::vector<HeaderField> headers;  // in the order sent
};

// A part of a file.
struct FileBody {
  std::shared_ptr<const UniqueFd> file;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

inline constexpr std::string_view kOctetStream = "application/octet-stream";

struct Response {
  int status = 200;
  std::string_view content_type = "application/json";  // a literal
  std::string headers = {};  // more header lines, each with its CRLF; made by AppendHeader
  std::string body = {};
  std::string_view fixed_body = {};   // a literal, in place of `body`
  std::optional<FileBody> file = {};  // in place of `body`; not with 204 and 304

  // What goes with the head.
  std::string_view Body() const { return fixed_body.empty() ? std::string_view(body) : fixed_body; }
};

// Appends "Name: value\r\n". Requires: neither holds CR, LF or NUL.
void AppendHeader(std::string& headers, std::string_view name, std::string_view value);

// Empty for a status that has none here.
std::string_view ReasonPhrase(int status);

}  // namespace baton::http
