// gzip: what is expanded is what zlib makes of it in one go and never more than the bound, and what
// was compressed expands to itself.
#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#define ZLIB_CONST  // NOLINT(readability-identifier-naming): the library asks for it
#include <zlib.h>

#include "server/http/gzip.h"
#include "tests/fuzz/fuzzer.h"

namespace baton::fuzz {
namespace {

constexpr std::size_t kPadding = 64;
constexpr std::size_t kLongestPlain = std::size_t{80} * 1024;  // several pieces
constexpr int kGzip = 15 + 16;
constexpr int kRaw = -15;

bool Always() { return true; }

// One member, or one raw stream, off the front of a text.
struct Inflated {
  bool is_whole = false;
  std::string plain;     // also of one that is not whole, as far as it goes
  std::size_t used = 0;  // bytes of the text
};

Inflated Inflate(std::string_view zipped, int window) {
  z_stream z{};
  Require(inflateInit2(&z, window) == Z_OK, "zlib starts");
  z.next_in = reinterpret_cast<const Bytef*>(zipped.data());
  z.avail_in = static_cast<uInt>(zipped.size());
  Inflated out;
  std::size_t made = 0;
  int code = Z_OK;
  do {
    out.plain.resize(2 * out.plain.size() + 4096);
    z.next_out = reinterpret_cast<Bytef*>(out.plain.data()) + made;
    z.avail_out = static_cast<uInt>(out.plain.size() - made);
    code = inflate(&z, Z_NO_FLUSH);
    made = out.plain.size() - z.avail_out;
  } while (z.avail_out == 0 && (code == Z_OK || code == Z_BUF_ERROR));
  out.is_whole = code == Z_STREAM_END;
  out.used = zipped.size() - z.avail_in;
  out.plain.resize(made);
  inflateEnd(&z);
  return out;
}

// All members, one after the other; `used` stays 0.
Inflated ByTheBook(std::string_view zipped) {
  Inflated all;
  do {
    const Inflated member = Inflate(zipped, kGzip);
    all.plain += member.plain;
    all.is_whole = member.is_whole;
    zipped.remove_prefix(member.used);
  } while (all.is_whole && !zipped.empty());
  return all;
}

std::size_t ClaimOf(std::string_view zipped) {
  std::size_t claim = 0;
  for (std::size_t i = 1; i <= 4 && zipped.size() >= 4; ++i) {
    claim = claim << 8U | static_cast<unsigned char>(zipped[zipped.size() - i]);
  }
  return claim;
}

void CheckBound(std::string_view zipped, const Inflated& book, std::size_t bound) {
  const auto got = http::Expand(zipped, bound, Always);
  const bool fits = book.plain.size() <= bound;
  Require(got.has_value() == (book.is_whole && fits), "taken is what is gzip and fits");
  if (got) {
    RequireEqual(*got, book.plain, "what was expanded");
    Require(got->capacity() >= got->size() + kPadding, "there is room beyond the end");
    return Require(got->capacity() <= std::max(bound, got->size()) + 2 * kPadding,
                   "no more memory than the bound");
  }
  const ErrorCode code = got.error().code;
  Require(!got.error().message.empty(), "an error says what is wrong");
  if (!fits) return Require(code == ErrorCode::kTooLarge, "what does not fit is too large");
  const bool claims_more = ClaimOf(zipped) > bound;
  Require(code == ErrorCode::kInvalidArgument || (code == ErrorCode::kTooLarge && claims_more),
          "what is no gzip is the client's fault");
}

// Whoever stops it gets all or nothing.
void CheckStopped(std::string_view zipped, const Inflated& book, std::size_t after) {
  const auto got =
      http::Expand(zipped, book.plain.size(), [&after] { return after > 0 && after-- > 0; });
  if (got) return RequireEqual(*got, book.plain, "what was expanded before it was stopped");
  Require(!book.is_whole || got.error().code == ErrorCode::kDeadlineExceeded, "it was stopped");
}

Inflated CheckExpand(std::string_view zipped, Choices& choices) {
  Inflated book = ByTheBook(zipped);
  const std::size_t size = book.plain.size();
  const std::size_t less = size - std::min<std::size_t>(size, 1);
  for (const std::size_t bound : {less, size, choices.Below(2 * size + 2)}) {
    CheckBound(zipped, book, bound);
  }
  CheckStopped(zipped, book, choices.Below(4));
  return book;
}

void AppendLittleEndian(std::string& out, std::size_t number) {
  for (unsigned shift = 0; shift < 32; shift += 8)
    out += static_cast<char>(number >> shift & 0xFFU);
}

// A member around `deflated`, whatever that is, so that a search need not guess checksums.
std::string MemberOf(std::string_view deflated) {
  const Inflated raw = Inflate(deflated, kRaw);
  std::string member("\x1f\x8b\x08\0\0\0\0\0\0\xff", 10);
  member += deflated.substr(0, raw.is_whole ? raw.used : deflated.size());
  const auto* bytes = reinterpret_cast<const Bytef*>(raw.plain.data());
  AppendLittleEndian(member, crc32(0, bytes, static_cast<uInt>(raw.plain.size())));
  AppendLittleEndian(member, raw.plain.size());
  return member;
}

std::string Repeated(std::string_view text, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times && out.size() < kLongestPlain; ++i) out += text;
  return out;
}

void CheckCompress(std::string_view plain, Choices& choices) {
  std::optional<std::string> zipped = http::Compress(plain, Always);
  if (!zipped) return;
  Require(zipped->size() < plain.size(), "what is compressed is smaller");
  const Inflated book = CheckExpand(*zipped, choices);
  RequireEqual(std::string_view(book.plain), plain, "what was compressed is expanded");
  RequireEqual(ByTheBook(*zipped + *zipped).plain.size(), 2 * plain.size(), "two are one body");
  const auto cut = http::Expand(std::string_view(*zipped).substr(0, choices.Below(zipped->size())),
                                plain.size(), Always);
  Require(!cut && cut.error().code == ErrorCode::kInvalidArgument, "what is cut short is no gzip");
  (*zipped)[choices.Below(zipped->size())] ^= static_cast<char>(1U << choices.Below(8));
  CheckExpand(*zipped, choices);
}

}  // namespace
}  // namespace baton::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = baton::fuzz::AsText(data, size);
  baton::fuzz::Choices choices(input);
  baton::fuzz::CheckExpand(input, choices);
  baton::fuzz::CheckExpand(baton::fuzz::MemberOf(input), choices);
  baton::fuzz::CheckCompress(baton::fuzz::Repeated(input, 1 + choices.Below(50)), choices);
  return 0;
}
