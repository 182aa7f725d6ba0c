// Errors of the mirror, in the form of AIP-193.
#pragma once

#include <string>
#include <string_view>

#include "server/base/result.h"

namespace baton::admin {

// The status of HTTP for gRPC's name of a code: 400 for "INVALID_ARGUMENT", 500 for one that is not
// known.
int HttpStatusOf(std::string_view code);

// {"error":{"code":400,"message":...,"status":"INVALID_ARGUMENT","details":[...]}}: the details
// name the wrong field, where there is one.
std::string HttpErrorBody(int status, std::string_view code, std::string_view message,
                          std::string_view field = {});

}  // namespace baton::admin
