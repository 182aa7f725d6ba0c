// Five characters, and those that nobody should see.
#include "server/pages/html.h"

#include <algorithm>

#include "server/base/check.h"
#include "server/base/json_writer.h"

namespace baton::pages {
namespace {

constexpr std::string_view kUnknown = "\xEF\xBF\xBD";  // U+FFFD

void AppendEscaped(std::string& out, char c) {
  switch (c) {
    case '&': out += "&amp;"; return;
    case '<': out += "&lt;"; return;
    case '>': out += "&gt;"; return;
    case '"': out += "&quot;"; return;
    case '\'': out += "&#39;"; return;
    default: break;
  }
  const bool is_control = static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
  if (is_control) {
    out += kUnknown;
  } else {
    out += c;
  }
}

}  // namespace

std::string EscapeHtml(std::string_view text) {
  const bool is_utf8 = IsUtf8(text);
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (!is_utf8 && static_cast<unsigned char>(c) >= 0x80) {
      out += kUnknown;
    } else {
      AppendEscaped(out, c);
    }
  }
  return out;
}

std::string FillTemplate(std::string_view page,
                         std::initializer_list<std::pair<std::string_view, std::string>> values) {
  std::string out;
  for (std::size_t at = 0;;) {
    const std::size_t begin = page.find("{{", at);
    out += page.substr(at, begin - at);
    if (begin == page.npos) return out;
    const std::size_t end = page.find("}}", begin);
    BATON_CHECK(end != page.npos);
    const std::string_view name = page.substr(begin + 2, end - begin - 2);
    const auto found = std::find_if(values.begin(), values.end(),
                                    [name](const auto& one) { return one.first == name; });
    BATON_CHECK(found != values.end());
    out += found->second;
    at = end + 2;
  }
}

}  // namespace baton::pages
