// Status line, headers and body, appended piece by piece.
#include "server/http/response_writer.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace baton::http {
namespace {

// Longer than everything this file writes itself.
constexpr std::size_t kHeadBytes = 256;

void AppendNumber(std::string& out, std::size_t number) {
  std::array<char, 20> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

void AppendTwoDigits(std::string& out, int number) {
  out += static_cast<char>('0' + number / 10 % 10);
  out += static_cast<char>('0' + number % 10);
}

// RFC 9110, 8.6: a length here would be one of something else, or of nothing.
bool HasBody(int status) { return status >= 200 && status != 204 && status != 304; }

void AppendStatusLine(std::string& out, int status) {
  if (status == 200) {
    out += "HTTP/1.1 200 OK\r\n";
    return;
  }
  out += "HTTP/1.1 ";
  AppendNumber(out, static_cast<std::size_t>(status));
  out.append(" ").append(ReasonPhrase(status)).append("\r\n");
}

}  // namespace

std::string_view DateCache::At(std::time_t now) {
  constexpr std::string_view kDays = "SunMonTueWedThuFriSat";
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  if (now == made_for_ && !text_.empty()) return text_;
  std::tm utc{};
  gmtime_r(&now, &utc);  // and no strftime, which speaks the language of the locale
  text_ = kDays.substr(static_cast<std::size_t>(utc.tm_wday) * 3, 3);
  text_ += ", ";
  AppendTwoDigits(text_, utc.tm_mday);
  text_.append(" ").append(kMonths.substr(static_cast<std::size_t>(utc.tm_mon) * 3, 3)).append(" ");
  AppendNumber(text_, static_cast<std::size_t>(utc.tm_year) + 1900);
  text_ += ' ';
  AppendTwoDigits(text_, utc.tm_hour);
  text_ += ':';
  AppendTwoDigits(text_, utc.tm_min);
  text_ += ':';
  AppendTwoDigits(text_, utc.tm_sec);
  text_ += " GMT";
  made_for_ = now;
  return text_;
}

void AppendResponse(std::string& out, const Response& response, const WriteOptions& options) {
  const bool has_body = HasBody(response.status);
  const std::string_view body = response.Body();
  const std::size_t body_bytes = has_body && !options.head_only ? body.size() : 0;
  const std::size_t needed = out.size() + kHeadBytes + response.headers.size() + body_bytes;
  if (out.capacity() < needed) out.reserve(std::max(needed, out.capacity() * 2));

  AppendStatusLine(out, response.status);
  out.append("Date: ").append(options.date).append("\r\n");
  if (has_body) {
    if (!response.content_type.empty()) {
      out.append("Content-Type: ").append(response.content_type).append("\r\n");
    }
    if (options.has_length) {
      out += "Content-Length: ";
      AppendNumber(out, response.file ? response.file->size : body.size());
      out += "\r\n";
    }
  }
  if (options.close) {
    out += "Connection: close\r\n";
  } else if (options.version_minor == 0) {
    out += "Connection: keep-alive\r\n";
  }
  out.append(response.headers).append("\r\n");
  out.append(body.substr(0, body_bytes));
}

}  // namespace baton::http
