// Chunked bodies: the parser takes what a decoder written by the book takes, and nothing else.
#include <charconv>
#include <optional>
#include <string>

#include "server/http/characters.h"
#include "server/http/request_parser.h"
#include "tests/fuzz/fuzzer.h"
#include "tests/http/parse_outcome.h"
#include "tests/http/samples.h"

namespace baton::fuzz {
namespace {

using http::Limits;
using http::Outcome;

// RFC 9112, 7.1, over a text that is all there; the limits are the parser's.
class ByTheBook {
 public:
  ByTheBook(std::string_view text, const Limits& limits) : rest_(text), limits_(limits) {}

  // Empty when the text is no whole body, or one that must be refused.
  std::optional<std::string> Body() {
    std::string body;
    while (true) {
      const auto size = ChunkLine();
      if (!size || *size > limits_.body_bytes - body.size()) return std::nullopt;
      if (*size == 0) return Trailer() ? std::optional(body) : std::nullopt;
      if (rest_.size() < *size) return std::nullopt;
      body += rest_.substr(0, *size);
      rest_.remove_prefix(*size);
      if (!Take("\r\n")) return std::nullopt;
    }
  }
  std::string_view rest() const { return rest_; }
  // Whether a trailer was given that decides about a connection or its framing.
  bool has_odd_trailer() const { return has_odd_trailer_; }

 private:
  bool Take(std::string_view text) {
    if (!rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }

  std::string_view TakeWhile(auto belongs) {
    std::size_t size = 0;
    while (size < rest_.size() && belongs(rest_[size])) ++size;
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  std::string_view Token() {
    return TakeWhile([](char c) { return http::Is(http::kTokenChar, c); });
  }

  bool QuotedString() {
    while (!rest_.empty() && rest_.front() != '"') {
      if (rest_.front() == '\\') rest_.remove_prefix(1);
      if (rest_.empty() || !IsText(rest_.front())) return false;
      rest_.remove_prefix(1);
    }
    return Take("\"");
  }

  bool Extension() {
    if (Token().empty()) return false;
    if (!Take("=")) return true;
    return Take("\"") ? QuotedString() : !Token().empty();
  }

  std::optional<std::size_t> ChunkLine() {
    const std::string_view digits = TakeWhile([](char c) { return http::HexValue(c) >= 0; });
    if (digits.empty() || digits.size() > 16) return std::nullopt;
    std::size_t size = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), size, 16);
    const std::size_t before = rest_.size();
    while (Take(";")) {
      if (!Extension()) return std::nullopt;
    }
    extension_bytes_ += before - rest_.size();
    if (extension_bytes_ > limits_.chunk_extension_bytes) return std::nullopt;
    return Take("\r\n") ? std::optional(size) : std::nullopt;
  }

  bool Trailer() {
    const std::size_t before = rest_.size();
    while (!rest_.starts_with("\r\n")) {
      const std::string_view name = Token();
      NoteName(name);
      if (name.empty() || !Take(":")) return false;
      TakeWhile(IsText);
      if (!Take("\r\n")) return false;
    }
    return before - rest_.size() <= limits_.trailer_bytes && Take("\r\n");
  }

  void NoteName(std::string_view name) {
    for (const auto* odd :
         {"content-length", "transfer-encoding", "connection", "proxy-connection", "upgrade"}) {
      if (http::EqualsIgnoreCase(name, odd)) has_odd_trailer_ = true;
    }
  }

  // HTAB, SP, VCHAR and obs-text.
  static bool IsText(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return c == '\t' || (byte >= 0x20 && byte != 0x7F);
  }

  std::string_view rest_;
  const Limits& limits_;
  std::size_t extension_bytes_ = 0;
  bool has_odd_trailer_ = false;
};

struct Decoded {
  std::string body;
  std::size_t consumed;
};

std::optional<Decoded> ByParser(const std::string& bytes, const Limits& limits) {
  http::RequestParser parser(limits);
  const auto progress = parser.Feed(bytes);
  if (progress.state != http::ParseState::kComplete) return std::nullopt;
  return Decoded{parser.request().body, progress.consumed};
}

void Check(std::string_view raw, const Limits& limits) {
  const std::string bytes = http::Chunked(raw);
  const auto got = ByParser(bytes, limits);
  ByTheBook book(raw, limits);
  const auto expected = book.Body();
  if (got && !expected) Fail("taken, but not by the book");
  if (expected && !got) {
    return Require(book.has_odd_trailer(), "what the book takes is taken");
  }
  if (got) {
    RequireEqual(got->body, *expected, "a body by the book");
    RequireEqual(bytes.size() - got->consumed, book.rest().size(), "where a body ends");
  }
  const Outcome whole = http::ParseWhole(bytes, limits);
  RequireEqual(http::ParseByteByByte(bytes, limits), whole, "byte by byte as in one piece");
}

}  // namespace
}  // namespace baton::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view raw = baton::fuzz::AsText(data, size);
  baton::fuzz::Check(raw, {});
  baton::fuzz::Check(raw, {.body_bytes = 20, .chunk_extension_bytes = 12, .trailer_bytes = 16});
  return 0;
}
