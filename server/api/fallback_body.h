// Bodies of fallbacks: what was declared or kept, marked as what it is.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "server/api/plan.h"
#include "server/base/result.h"

namespace baton::api {

inline constexpr std::size_t kMaxFallbackConstantBytes = std::size_t{64} << 10U;

// `stored` for a request whose id is `id`, a JSON string with its quotes, or empty for none. An
// answer of the Open Inference Protocol gets the id and `"parameters":{"degraded":true}`, in place
// of an id and merged into the parameters that are there already; any other is as stored.
// Requires: `stored` is a JSON object, and no document that this thread has parsed is still in use.
// Cost: a search and a copy; where the search finds `"id"` or `"parameters"`, or an escape, a
// parse. A serialized ModelInferResponse is marked alike, by what is put behind it.
std::string FallbackBody(std::string_view stored, std::string_view id, BodyFormat format);

// `marked`, what FallbackBody made without an id, for a request with one. Cost: a copy.
std::string WithId(std::string_view marked, std::string_view id, BodyFormat format);

// What an operator declares as a fallback: a JSON object of at most kMaxFallbackConstantBytes.
// Errors: kInvalidArgument with the field "fallback.constant". As FallbackBody, it uses this
// thread's parser.
Status CheckFallbackConstant(std::string_view json);

}  // namespace baton::api
