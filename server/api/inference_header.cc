// Reading of Inference-Header-Content-Length.
#include "server/api/inference_header.h"

#include <charconv>
#include <cstddef>
#include <string>
#include <string_view>

#include "server/api/bad_input.h"

namespace baton::api {
namespace {

constexpr const char* kName = "Inference-Header-Content-Length";

std::optional<std::size_t> WholeNumber(std::string_view text) {
  std::size_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, failure] = std::from_chars(text.data(), end, number);
  if (failure != std::errc() || stop != end) return std::nullopt;
  return number;
}

}  // namespace

std::optional<Error> FaultOfInferenceHeader(const http::Request& request) {
  const auto value = request.Header(kName);
  if (!value) return std::nullopt;
  const auto size = request.Header(kName, 1) ? std::nullopt : WholeNumber(*value);
  if (size == request.body.size()) return std::nullopt;
  const std::string expected = size && *size < request.body.size()
                                   ? "the size of the body, as binary tensors are not served yet ("
                                   : "once, the size of the JSON at the body's start (at most ";
  return BadInput(kName, expected + std::to_string(request.body.size()) + ")", Quoted(*value));
}

}  // namespace baton::api
