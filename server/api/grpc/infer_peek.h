// A quick look at a serialized ModelInferRequest, before it is decoded, for what admission needs.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "server/base/clock.h"

namespace baton::api {

// Views into the message; empty where it says nothing.
struct InferPeek {
  std::string_view model_name;
  std::string_view model_version;
  std::string_view id;
  std::string_view id_field;        // with tag and length
  std::optional<Duration> timeout;  // `timeout`, microseconds in the message; none for 0
  std::optional<std::uint64_t> priority;
  bool saw_all = false;  // every field was looked at: what is absent here is not in the message
};

// Finds what DecodeGrpcRequest would find, in the first kMostPeekedFields fields of the top level.
// None where the message is malformed so far. Text is not checked. Cost: no allocation, and no look
// at the tensors.
inline constexpr int kMostPeekedFields = 1024;
std::optional<InferPeek> PeekInferRequest(std::string_view message) noexcept;

// A whole number out of a serialized InferParameter, where it holds one from 0.
std::optional<std::uint64_t> WholeNumberOf(std::string_view parameter) noexcept;

}  // namespace baton::api
