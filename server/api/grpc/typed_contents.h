// The elements of tensors in the typed fields of the gRPC form.
#pragma once

#include <string>

#include "server/base/result.h"
#include "server/models/tensor.h"

namespace inference {
class InferTensorContents;
}

namespace baton::api {

// Reads `contents` into `tensor`, whose type and shape are set. Only the field of its type may hold
// anything; FP16 and BF16 have none. Errors: kInvalidArgument with `field`, or what is in it, what
// was expected and what came.
Status ReadContents(const inference::InferTensorContents& contents, const std::string& field,
                    models::Tensor& tensor);

}  // namespace baton::api
