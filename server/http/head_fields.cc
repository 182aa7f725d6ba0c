// Storing of fields, and the rules for those that decide about the connection.
#include "server/http/head_fields.h"

#include <charconv>

#include "server/http/authority.h"
#include "server/http/characters.h"

namespace baton::http {
namespace {

constexpr std::size_t kUsualHeadBytes = 512;
constexpr std::size_t kUsualHeaders = 16;
// 18 digits always fit; a longer length is no length but an attempt at overflow.
constexpr std::size_t kMaxLengthDigits = 18;

std::uint32_t Offset(std::size_t at) { return static_cast<std::uint32_t>(at); }

}  // namespace

void HeadFields::AppendName(Request& request, std::string_view piece) {
  std::string& head = request.head;
  if (request.headers.empty() && head.empty()) {
    head.reserve(kUsualHeadBytes);
    request.headers.reserve(kUsualHeaders);
  }
  if (!is_in_name_) {
    is_in_name_ = true;
    name_at_ = Offset(head.size());
  }
  head += piece;
}

void HeadFields::AppendValue(Request& request, std::string_view piece) { request.head += piece; }

std::optional<Fault> HeadFields::EndName(Request& request) {
  if (request.headers.size() == limits_->header_count) {
    return Fault{RefusalKind::kTooManyHeaders, "the request has more header lines than allowed"};
  }
  is_in_name_ = false;
  const std::uint32_t end = Offset(request.head.size());
  request.headers.push_back({name_at_, end - name_at_, end, 0});
  return std::nullopt;
}

std::optional<Fault> HeadFields::EndValue(Request& request) {
  Request::HeaderField& field = request.headers.back();
  const std::string_view head = request.head;
  const std::string_view value = Trim(head.substr(field.value_at));
  if (!value.empty()) field.value_at = Offset(static_cast<std::size_t>(value.data() - head.data()));
  field.value_size = Offset(value.size());
  return Examine(request, head.substr(field.name_at, field.name_size), value);
}

std::optional<Fault> HeadFields::Examine(Request& request, std::string_view name,
                                         std::string_view value) {
  switch (name.size()) {  // the length tells most fields apart without looking at them
    case 4:
      if (EqualsIgnoreCase(name, "host")) return TakeHost(value);
      break;
    case 6:
      if (EqualsIgnoreCase(name, "expect")) return TakeExpect(value);
      break;
    case 10:
      if (EqualsIgnoreCase(name, "connection")) TakeConnection(value);
      break;
    case 14:
      if (EqualsIgnoreCase(name, "content-length")) return TakeContentLength(value);
      break;
    case 17:
      if (EqualsIgnoreCase(name, "transfer-encoding")) return TakeTransferEncoding(request, value);
      break;
    default: break;
  }
  return std::nullopt;
}

std::optional<Fault> HeadFields::TakeHost(std::string_view value) {
  if (has_host_) return Fault{RefusalKind::kBadHost, "Host must be given once", value};
  has_host_ = true;
  if (!IsHostValue(value)) {
    return Fault{RefusalKind::kBadHost, "Host must be a name or an address, with a port or without",
                 value};
  }
  return std::nullopt;
}

std::optional<Fault> HeadFields::TakeContentLength(std::string_view value) {
  if (has_content_length_) {
    return Fault{RefusalKind::kBadContentLength, "Content-Length must be given once", value};
  }
  has_content_length_ = true;
  const auto [end, error] =
      std::from_chars(value.data(), value.data() + value.size(), framing_.content_length);
  if (error != std::errc() || end != value.data() + value.size() || value.empty() ||
      value.size() > kMaxLengthDigits) {
    return Fault{RefusalKind::kBadContentLength, "Content-Length must be a decimal number of bytes",
                 value};
  }
  return std::nullopt;
}

std::optional<Fault> HeadFields::TakeTransferEncoding(const Request& request,
                                                      std::string_view value) {
  if (has_transfer_encoding_) {
    return Fault{RefusalKind::kBadTransferEncoding, "Transfer-Encoding must be given once", value};
  }
  has_transfer_encoding_ = true;
  if (!EqualsIgnoreCase(value, "chunked")) {
    return Fault{RefusalKind::kBadTransferEncoding, "Transfer-Encoding must be chunked", value};
  }
  if (request.version_minor == 0) {
    return Fault{RefusalKind::kBadTransferEncoding, "HTTP/1.0 has no Transfer-Encoding", value};
  }
  framing_.is_chunked = true;
  return std::nullopt;
}

std::optional<Fault> HeadFields::TakeExpect(std::string_view value) {
  if (value.empty()) return std::nullopt;
  if (!EqualsIgnoreCase(value, "100-continue")) {
    return Fault{RefusalKind::kUnsupportedExpectation, "Expect must be 100-continue", value};
  }
  framing_.expects_continue = true;
  return std::nullopt;
}

void HeadFields::TakeConnection(std::string_view list) {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    const std::string_view option = Trim(list.substr(0, comma));
    if (EqualsIgnoreCase(option, "close")) says_close_ = true;
    if (EqualsIgnoreCase(option, "keep-alive")) says_keep_alive_ = true;
    list.remove_prefix(comma == list.npos ? list.size() : comma + 1);
  }
}

std::optional<Fault> HeadFields::Finish(Request& request) {
  request.has_body = has_content_length_ || has_transfer_encoding_;
  request.keep_alive = !says_close_ && (request.version_minor > 0 || says_keep_alive_);
  if (has_content_length_ && has_transfer_encoding_) {
    return Fault{RefusalKind::kConflictingFraming,
                 "Content-Length and Transfer-Encoding must not come together"};
  }
  if (!has_host_ && request.version_minor > 0) {
    return Fault{RefusalKind::kBadHost, "HTTP/1.1 requires a Host header"};
  }
  if (framing_.content_length > limits_->body_bytes) {
    return Fault{RefusalKind::kBodyTooLarge, "the body is larger than allowed"};
  }
  // An HTTP/1.0 client would take an interim answer for the final one (RFC 9110, 10.1.1).
  framing_.expects_continue =
      framing_.expects_continue && request.version_minor > 0 && framing_.HasBodyBytes();
  return std::nullopt;
}

}  // namespace baton::http
