// The JSON body that goes with every error, and the status of each kind.
#pragma once

#include <string>
#include <string_view>

#include "server/base/result.h"

namespace baton::api {

// {"error":"<message>"}, with "field" when there is one.
std::string ErrorBody(std::string_view message, std::string_view field = {});

// 400, 404, 409, 413, 415, 503, 504 or 500.
int HttpStatusOf(ErrorCode code);

}  // namespace baton::api
