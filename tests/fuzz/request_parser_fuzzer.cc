// Streams of requests: they mean the same in any pieces, and what is taken is as the parser
// promises.
#include <algorithm>

#include "server/http/request_parser.h"
#include "tests/fuzz/fuzzer.h"
#include "tests/http/parse_outcome.h"

namespace baton::fuzz {
namespace {

using http::Limits;
using http::Outcome;
using http::ParseState;
using http::Request;
using http::RequestParser;

// Limits that an input of some hundred bytes can reach.
constexpr Limits kTight = {.request_line_bytes = 60,
                           .header_bytes = 150,
                           .header_count = 5,
                           .body_bytes = 40,
                           .chunk_extension_bytes = 12,
                           .trailer_bytes = 16};

bool IsPrintable(char c) { return c >= 0x20 && c < 0x7F; }

bool HasDotSegment(const std::string& path) {
  const std::string closed = path + "/";
  return closed.find("/./") != std::string::npos || closed.find("/../") != std::string::npos;
}

void CheckRequest(const Request& request, const Limits& limits) {
  constexpr std::size_t kPadding = 64;
  Require(request.path.starts_with('/') || request.path == "*", "a path is absolute", request.path);
  Require(!HasDotSegment(request.path), "a path has no dot segments", request.path);
  Require(request.headers.size() <= limits.header_count, "header lines are counted");
  Require(request.head.size() <= limits.header_bytes, "header bytes are counted");
  Require(request.body.size() <= limits.body_bytes, "body bytes are counted");
  Require(request.body.capacity() >= request.body.size() + kPadding, "a body is padded");
  Require(request.has_body || request.body.empty(), "a body was announced");
  Require(request.version_minor == 0 || request.Header("Host").has_value(), "HTTP/1.1 has a host");
  Require(!request.Header("Content-Length") || !request.Header("Transfer-Encoding"),
          "only one header says how long the body is");
}

void CheckRefusal(const RequestParser& parser) {
  const http::Refusal& refusal = parser.refusal();
  const auto reasons = http::AllRefusalReasons();
  Require(std::find(reasons.begin(), reasons.end(), refusal.reason) != reasons.end(),
          "a reason is of the closed set", refusal.reason);
  Require(refusal.status >= 400 && refusal.status < 600, "a refusal has an error's status");
  Require(std::all_of(refusal.message.begin(), refusal.message.end(), IsPrintable),
          "a message is printable", refusal.message);
}

void CheckAll(std::string_view bytes, const Limits& limits) {
  RequestParser parser(limits);
  while (!bytes.empty()) {
    const RequestParser::Progress progress = parser.Feed(bytes);
    Require(progress.consumed <= bytes.size(), "no more is used than there is");
    bytes.remove_prefix(progress.consumed);
    if (progress.state == ParseState::kRefused) return CheckRefusal(parser);
    if (progress.state != ParseState::kComplete) {
      return Require(bytes.empty(), "all is used unless something is complete or refused");
    }
    CheckRequest(parser.request(), limits);
    parser.Next();
  }
}

void CheckPieces(std::string_view bytes, const Limits& limits) {
  const Outcome whole = http::ParseWhole(bytes, limits);
  RequireEqual(http::ParseByteByByte(bytes, limits), whole, "byte by byte as in one piece");
  Choices choices(bytes);
  const std::size_t longest = 1 + choices.Below(40);
  const auto next_piece = [&] { return 1 + choices.Below(longest); };
  RequireEqual(http::ParsePieces(bytes, limits, next_piece), whole, "in pieces as in one");
}

}  // namespace
}  // namespace baton::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = baton::fuzz::AsText(data, size);
  for (const auto& limits : {baton::http::Limits{}, baton::fuzz::kTight}) {
    baton::fuzz::CheckAll(bytes, limits);
    baton::fuzz::CheckPieces(bytes, limits);
  }
  return 0;
}
