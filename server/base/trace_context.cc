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
  return "00-" + ToText(context.trace_id) + "-" + ToText(context.span) +
         (context.is_sampled ? "-01" : "-00");
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
