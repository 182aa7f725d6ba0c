// Works on the text of a document that the parser has accepted: numbers keep every digit, and
// nothing is decoded only to be encoded again.
#include "server/api/reverse.h"

#include <algorithm>
#include <cstring>

namespace baton::api {
namespace {

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// The length of what stands for one code point at the start of `text`: a UTF-8 sequence, an escape,
// or the two escapes of a surrogate pair.
std::size_t CodePointLength(const char* text) {
  const auto lead = static_cast<unsigned char>(*text);
  if (lead == '\\') {
    if (text[1] != 'u') return 2;
    const bool is_pair = (text[2] == 'd' || text[2] == 'D') &&
                         std::string_view("89abAB").find(text[3]) != std::string_view::npos;
    return is_pair ? 12 : 6;
  }
  if (lead < 0x80) return 1;
  return lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
}

// Writes the inside of a string reversed; it takes as many bytes as before.
char* AppendReversed(const char* from, const char* end, bool is_plain, char* to) {
  if (is_plain) return std::reverse_copy(from, end, to);
  char* const to_end = to + (end - from);
  char* at = to_end;
  while (from < end) {
    const std::size_t length = CodePointLength(from);
    at -= length;
    std::memcpy(at, from, length);
    from += length;
  }
  return to_end;
}

struct StringSpan {
  const char* end;  // the closing quote
  bool is_plain;    // neither escapes nor anything beyond ASCII
};

StringSpan FindEnd(const char* at) {
  unsigned seen = 0;
  bool has_escape = false;
  for (; *at != '"'; ++at) {
    seen |= static_cast<unsigned char>(*at);
    if (*at == '\\') {
      has_escape = true;
      ++at;
    }
  }
  return {at, !has_escape && seen < 0x80};
}

class ReverseHandler final : public serve::Handler {
 public:
  explicit ReverseHandler(std::size_t json_depth) : json_depth_(json_depth) {}

  serve::Outcome Handle(const serve::Call& call, serve::RunContext& context) const override {
    auto document = ParseJsonObject(call.body, json_depth_);
    if (!document) return {{}, std::move(document.error())};
    return {ReverseStrings(call.body, context.TakeBuffer()), std::nullopt};
  }

  std::optional<serve::Call> WarmUpCall(std::size_t /*round*/) const override {
    return serve::Call{PaddedCopy(R"({"data":["Hello, World"]})"), {}};
  }

 private:
  const std::size_t json_depth_;
};

}  // namespace

std::string ReverseStrings(std::string_view json, std::string buffer) {
  buffer.resize(json.size());
  char* to = buffer.data();
  const char* at = json.data();
  const char* const end = at + json.size();
  while (at < end) {
    const char c = *at++;
    if (IsSpace(c)) continue;
    *to++ = c;
    if (c != '"') continue;
    const StringSpan text = FindEnd(at);
    const char* next = text.end + 1;
    while (next < end && IsSpace(*next)) ++next;
    const bool is_key = next < end && *next == ':';
    to = is_key ? std::copy(at, text.end, to) : AppendReversed(at, text.end, text.is_plain, to);
    *to++ = '"';
    at = next;
  }
  buffer.resize(static_cast<std::size_t>(to - buffer.data()));
  return buffer;
}

std::unique_ptr<serve::Handler> MakeReverseHandler(std::size_t json_depth) {
  return std::make_unique<ReverseHandler>(json_depth);
}

}  // namespace baton::api
