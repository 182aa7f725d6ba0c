// Reading of Inference-Header-Content-Length.
#include "server/api/inference_header.h"

#include <string>
#include <utility>

#include "server/api/bad_input.h"
#include "server/base/whole_number.h"

namespace baton::api {

Result<std::optional<std::size_t>> ReadInferenceHeader(const http::Request& request,
                                                       bool body_is_gzip) {
  const auto value = request.Header(kInferenceHeader);
  if (!value) return std::nullopt;
  const auto said =
      request.Header(kInferenceHeader, 1) ? std::nullopt : ParseWholeNumber<std::size_t>(*value);
  if (!said) {
    return tl::unexpected<Error>(BadInput(
        kInferenceHeader, "once, the size of the JSON at the body's start", Quoted(*value)));
  }
  if (!body_is_gzip) {
    if (auto fault = FaultOfInferenceHeader(*said, request.body.size())) {
      return tl::unexpected<Error>(std::move(*fault));
    }
  }
  return said;
}

std::optional<Error> FaultOfInferenceHeader(std::size_t said, std::size_t bytes) {
  if (said <= bytes) return std::nullopt;
  return BadInput(
      kInferenceHeader,
      "the size of the JSON at the body's start (at most " + std::to_string(bytes) + ")",
      Quoted(std::to_string(said)));
}

}  // namespace baton::api
