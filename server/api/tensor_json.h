// Tensors out of JSON and into it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "server/api/json.h"
#include "server/base/result.h"
#include "server/models/tensor.h"

namespace baton::api {

// Where a value stands in the request; becomes text only for an error.
struct DataPlace {
  std::string_view list;  // "inputs"
  std::size_t index = 0;
  std::string_view member;  // "data"; empty for the list's element itself

  std::string ToText() const;  // "inputs[0].data"
};

// Elements of `tensor`, whose name and type are set, come as a value of some shape: flat and
// row-major, or nested as the shape says; for an empty shape as the element itself. Errors of the
// two functions are kInvalidArgument and name the input, what was expected and what came.

// Checks the number of elements and the nesting, and that the type has a JSON form (FP16 and BF16
// travel raw only). Allocates nothing, so that a shape's claim costs nothing before `value` has
// borne it out.
Status CheckElements(const JsonValue& value, std::span<const std::int64_t> shape,
                     const models::Tensor& tensor, const DataPlace& place);

// Reads them, from the element `first` on: integers exact and in range, true or false for BOOL,
// numbers in range for FP32, strings for BYTES. Requires: CheckElements said yes, and Allocate was
// called.
Status ReadElements(const JsonValue& value, std::span<const std::int64_t> shape, std::size_t first,
                    models::Tensor& tensor, const DataPlace& place);

// Makes room for `count` elements.
void Allocate(models::Tensor& tensor, std::size_t count);

// Reads the array `data` into `tensor`, whose name, type and shape are set: all of the above.
Status ReadTensor(const JsonValue& data, models::Tensor& tensor, const DataPlace& place);

// Appends the elements [first, first + count) with commas between them: the shortest text that
// reads back as the same bits, all digits of integers. Errors: kInternal naming the output, for NaN
// and infinities and for text that is not UTF-8; kInvalidArgument for a type without JSON form.
// `out` is then of no use.
Status AppendElements(std::string& out, const models::Tensor& tensor, std::size_t first,
                      std::size_t count);

// Appends one value of `shape` as nested arrays, from the element `first` on. Errors: as above.
Status AppendNested(std::string& out, const models::Tensor& tensor,
                    std::span<const std::int64_t> shape, std::size_t first);

}  // namespace baton::api
