// Tensors out of raw bytes and into them, as the binary tensor extension and gRPC carry them.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "server/api/tensor_json.h"
#include "server/base/result.h"
#include "server/models/tensor.h"

namespace baton::api {

// Raw elements are little-endian and row-major without padding; a BOOL is the byte 0 or 1, and
// before each element of BYTES stands its length in four bytes.

// Reads `bytes` into `tensor`, whose name, type and shape are set. Elements that are aligned are
// borrowed, so that `bytes` stay as they are while `tensor` lives, others copied once.
// Errors: kInvalidArgument at `place`, naming the input, what was expected and what came, for a
// size that is not the shape's, a BOOL that is neither 0 nor 1, and lengths that do not add up.
Status ReadRawElements(std::span<const std::byte> bytes, models::Tensor& tensor,
                       const DataPlace& place);

// How many bytes AppendRawElements appends. Errors: kInternal naming the output, when it does not
// hold what its shape says.
Result<std::size_t> RawSize(const models::Tensor& tensor);
// Requires: RawSize has a value.
void AppendRawElements(std::string& out, const models::Tensor& tensor);

}  // namespace baton::api
