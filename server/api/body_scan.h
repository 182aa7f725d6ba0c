// A quick look at an inference body, before it is decoded, for what it asks of the scheduler.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "server/base/clock.h"

namespace baton::api {

// Looks no further than this into a body, unless told to.
inline constexpr std::size_t kBodyScanBytes = 4096;

struct BodyAsk {
  std::optional<Duration> timeout;  // `parameters.timeout`, microseconds in the body; none for 0
  std::optional<std::uint64_t> priority;  // `parameters.priority`
  std::string_view id;   // `id` as it stands in the body, a JSON string with its quotes; or empty
  bool saw_all = false;  // the whole top level was seen: what is absent here is not in the body
};

// Finds what DecodeInferRequest would find in the top level's `parameters` and `id`, each if it
// lies whole in the first `most` bytes. Finds nothing in a body that is malformed as far as it
// looked, that repeats a key, or that writes one with escapes; whether a body is valid is for the
// decoder to say. Cost: one pass without allocation, about a microsecond for a full window of
// numbers.
BodyAsk ScanBody(std::string_view body, std::size_t most = kBodyScanBytes) noexcept;

}  // namespace baton::api
