// Who gives way first, as a request says it.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "server/base/result.h"
#include "server/http/message.h"
#include "server/serve/endpoint_policy.h"

namespace baton::api {

// What the header Baton-Criticality says (in any case; the first one where there are several), else
// `priority`, the protocol's parameter: 1 is critical, 2 and more sheddable, 0 says nothing.
// Errors: kInvalidArgument naming the header, what was expected and what came.
Result<std::optional<serve::Criticality>> ReadCriticality(
    const http::Request& request, const std::optional<std::uint64_t>& priority);

// One of the header's words, in any case. Errors: as above.
Result<serve::Criticality> ParseCriticality(std::string_view word);
std::optional<serve::Criticality> CriticalityFromPriority(std::uint64_t priority);

}  // namespace baton::api
