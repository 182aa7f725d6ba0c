// Reading of Inference-Header-Content-Length.
#include "server/api/inference_header.h"

#include <string>
#include <utility>

#include "server/api/bad_input.h"
#include "server/base/whole_number.h"

namespace baton::api {
namespace {

constexpr const char* kName = "Inference-Header-Content-Length";

}  // namespace

Result<std::optional<std::size_t>> CheckInferenceHeader(const http::Request& request,
                                                        bool body_is_gzip) {
  const auto value = request.Header(kName);
  if (!value) return std::nullopt;
  const auto said = request.Header(kName, 1) ? std::nullopt : ParseWholeNumber<std::size_t>(*value);
  if (!said) {
    return tl::unexpected<Error>(
        BadInput(kName, "once, the size of the JSON at the body's start", Quoted(*value)));
  }
  if (body_is_gzip) return said;
  if (auto fault = FaultOfInferenceHeader(*said, request.body.size())) {
    return tl::unexpected<Error>(std::move(*fault));
  }
  return std::nullopt;
}

std::optional<Error> FaultOfInferenceHeader(std::size_t said, std::size_t bytes) {
  if (said == bytes) return std::nullopt;
  const std::string expected = said < bytes
                                   ? "the size of the body, as binary tensors are not served yet ("
                                   : "the size of the JSON at the body's start (at most ";
  return BadInput(kName, expected + std::to_string(bytes) + ")", Quoted(std::to_string(said)));
}

}  // namespace baton::api
