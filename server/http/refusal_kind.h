// The closed set of reasons for which a request is refused, each with its status and label.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace baton::http {

enum class RefusalKind : std::uint8_t {
  kBadRequestLine,
  kRequestLineTooLong,
  kUnsupportedVersion,
  kUnsupportedMethod,
  kBadTarget,
  kBadHeader,
  kHeadersTooLarge,
  kTooManyHeaders,
  kBadHost,
  kBadContentLength,
  kBadTransferEncoding,
  kConflictingFraming,
  kUnsupportedExpectation,
  kBodyTooLarge,
  kBadChunk,
  kChunkExtensionsTooLarge,
  kBadTrailer,
  kTrailersTooLarge,
};
inline constexpr std::size_t kRefusalKinds = 18;

int StatusOf(RefusalKind kind);
std::string_view ReasonOf(RefusalKind kind);
std::span<const std::string_view> AllReasons();

// One finding: what was expected, and the piece of the request that was not it.
struct Fault {
  RefusalKind kind;
  std::string_view expected;  // a literal
  std::string_view got = {};  // into the request; only looked at before the next byte is read
};

}  // namespace baton::http
