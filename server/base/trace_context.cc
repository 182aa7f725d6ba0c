// Reading, writing and making of trace contexts.
#include "server/base/trace_context.h"

#include <algorithm>
#include <charconv>
#include <random>

namespace baton {
namespace {

constexpr std::size_t kTraceAt = 3;  // 00-<32 digits>-<16 digits>-<2 digits>
constexpr std::size_t kSpanAt = 36;
constexpr std::size_t kFlagsAt = 53;
constexpr std::size_t kLength = 55;
constexpr std::uint64_t kSampledFlag = 1;

bool IsLowerHex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

// At most 16 digits. Nothing unless all of them are lower-case hexadecimal ones.
std::optional<std::uint64_t> ReadHex(std::string_view digits) {
  if (!std::ranges::all_of(digits, IsLowerHex)) return std::nullopt;
  std::uint64_t value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  return value;
}

void AppendHex(std::string& out, std::uint64_t value) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (int shift = 60; shift >= 0; shift -= 4) out += kDigits[(value >> shift) & 0xf];
}

std::string_view Trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool IsLowerOrDigit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

// `vendor`, or `tenant@vendor`; the second version of the specification is as strict on the first
// character and less on where the `@` is.
bool IsKey(std::string_view key) {
  constexpr std::size_t kMostBytes = 256;
  constexpr std::string_view kOthers = "_-*/@";
  return !key.empty() && key.size() <= kMostBytes && IsLowerOrDigit(key.front()) &&
         std::ranges::all_of(key, [&](char c) {
           return IsLowerOrDigit(c) || kOthers.find(c) != std::string_view::npos;
         });
}

// Of a member without blanks around it.
bool IsValue(std::string_view value) {
  constexpr std::size_t kMostBytes = 256;
  return !value.empty() && value.size() <= kMostBytes &&
         std::ranges::all_of(value, [](char c) { return c >= ' ' && c <= '~' && c != '='; });
}

bool IsMember(std::string_view member) {
  const std::size_t equals = member.find('=');
  return equals != std::string_view::npos && IsKey(member.substr(0, equals)) &&
         IsValue(member.substr(equals + 1));
}

std::uint64_t Random() {
  thread_local std::mt19937_64 engine = [] {
    std::random_device device;
    std::seed_seq seed{device(), device(), device(), device(), device(), device()};
    return std::mt19937_64(seed);
  }();
  std::uint64_t value = 0;
  while (value == 0) value = engine();
  return value;
}

}  // namespace

std::optional<TraceContext> ParseTraceparent(std::string_view header) {
  if (header.size() < kLength) return std::nullopt;
  const std::string_view version = header.substr(0, 2);
  const auto version_number = ReadHex(version);
  if (!version_number || version == "ff") return std::nullopt;
  const bool has_more = header.size() > kLength;
  if (has_more && (version == "00" || header[kLength] != '-')) return std::nullopt;
  if (header[kTraceAt - 1] != '-' || header[kSpanAt - 1] != '-' || header[kFlagsAt - 1] != '-') {
    return std::nullopt;
  }
  const auto high = ReadHex(header.substr(kTraceAt, 16));
  const auto low = ReadHex(header.substr(kTraceAt + 16, 16));
  const auto parent = ReadHex(header.substr(kSpanAt, 16));
  const auto flags = ReadHex(header.substr(kFlagsAt, 2));
  if (!high || !low || !parent || !flags) return std::nullopt;
  if ((*high == 0 && *low == 0) || *parent == 0) return std::nullopt;
  TraceContext context;
  context.trace_id = {*high, *low};
  context.parent = SpanId{*parent};
  context.is_sampled = (*flags & kSampledFlag) != 0;
  return context;
}

std::string ToTraceparent(const TraceContext& context) {
  std::string text;
  text.reserve(kLength);
  AppendTraceparent(text, context);
  return text;
}

void AppendTraceparent(std::string& out, const TraceContext& context) {
  out += "00-";
  AppendHex(out, context.trace_id.high);
  AppendHex(out, context.trace_id.low);
  out += '-';
  AppendHex(out, static_cast<std::uint64_t>(context.span));
  out += context.is_sampled ? "-01" : "-00";
}

bool IsTracestate(std::string_view text) {
  if (text.size() > kMostTracestateBytes) return false;
  std::size_t members = 0;
  while (true) {
    const std::size_t end = std::min(text.find(','), text.size());
    const std::string_view member = Trimmed(text.substr(0, end));
    if (!member.empty() && (++members > kMostTracestateMembers || !IsMember(member))) return false;
    if (end == text.size()) return members > 0;
    text.remove_prefix(end + 1);
  }
}

TraceId NewTraceId() { return {Random(), Random()}; }

SpanId NewSpanId() { return SpanId{Random()}; }

std::string ToText(TraceId id) {
  std::string text;
  text.reserve(32);
  AppendHex(text, id.high);
  AppendHex(text, id.low);
  return text;
}

std::string ToText(SpanId id) {
  std::string text;
  AppendHex(text, static_cast<std::uint64_t>(id));
  return text;
}

}  // namespace baton
