// Models that need no file: for tests, demonstrations, and the ends of a pipeline.
#pragma once

#include <memory>
#include <string>

#include "server/base/result.h"
#include "server/models/model.h"
#include "server/models/parameters.h"

namespace baton::models {

// Makes the model that parameters["kind"] names, with the platform "builtin_KIND".
//
//   identity  input -> output, as they are. datatype: BYTES; shape: [-1]
//   reverse   input BYTES [-1] -> output BYTES [-1], each element by code point; what is not UTF-8
//             by byte
//   linear    input FP32 [-1,n] -> output FP32 [-1]: the sum of input[i] * weights[i], and bias.
//             weights: n numbers; bias: 0
//   sleeper   ms FP32 [1] -> took_ms FP32 [1], after waiting that long, 0 to 60000
//   spinner   the same, computing meanwhile
//
// Each heeds the stop token as far as its time is worth it: sleeper and spinner within a
// microsecond or a wake-up.
//
// Errors: kInvalidArgument, naming the parameter.
Result<std::unique_ptr<Model>> MakeBuiltin(std::string name, std::string version,
                                           const Parameters& parameters);

}  // namespace baton::models
