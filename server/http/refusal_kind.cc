// The table of refusals: status and label of each kind.
#include "server/http/refusal_kind.h"

#include <array>

namespace baton::http {
namespace {

// In the order of RefusalKind.
constexpr std::array<int, kRefusalKinds> kStatuses = {400, 414, 505, 501, 400, 400, 431, 431, 400,
                                                      400, 400, 400, 417, 413, 400, 400, 400, 431};

constexpr std::array<std::string_view, kRefusalKinds> kReasons = {
    "bad_request_line",
    "request_line_too_long",
    "unsupported_version",
    "unsupported_method",
    "bad_target",
    "bad_header",
    "headers_too_large",
    "too_many_headers",
    "bad_host",
    "bad_content_length",
    "bad_transfer_encoding",
    "conflicting_framing",
    "unsupported_expectation",
    "body_too_large",
    "bad_chunk",
    "chunk_extensions_too_large",
    "bad_trailer",
    "trailers_too_large",
};
static_assert(static_cast<std::size_t>(RefusalKind::kTrailersTooLarge) + 1 == kRefusalKinds);

}  // namespace

int StatusOf(RefusalKind kind) { return kStatuses[static_cast<std::size_t>(kind)]; }
std::string_view ReasonOf(RefusalKind kind) { return kReasons[static_cast<std::size_t>(kind)]; }
std::span<const std::string_view> AllReasons() { return kReasons; }

}  // namespace baton::http
