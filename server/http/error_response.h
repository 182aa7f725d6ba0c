// The answer to what this room refuses by itself.
#pragma once

#include <string_view>

#include "server/http/message.h"

namespace baton::http {

// With the body {"error":"<message>"}.
Response ErrorResponse(int status, std::string_view message);
// 503, to be asked again in a second.
Response TryLater(std::string_view message);

}  // namespace baton::http
