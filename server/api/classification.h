// The classification extension: of an output only its largest elements, as text.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "server/base/result.h"
#include "server/models/tensor.h"

namespace baton::api {

// BYTES of the `classes` largest elements, or of all where there are fewer, the largest first:
// "value:index", or "value:index:label" where there is a label for the index. Of each row with
// `has_rows`, where the first dimension is one, and the shape is [rows, classes]; else of the whole
// output, and it is [classes]. NaN counts as the smallest, and of equal ones the first comes first.
// Errors: kInvalidArgument naming the output, for a type that is no number of the language (BOOL,
// BYTES, FP16, BF16); kInternal when it does not hold what its shape says.
Result<models::Tensor> Classify(const models::Tensor& output, std::size_t classes, bool has_rows,
                                std::span<const std::string> labels);

}  // namespace baton::api
