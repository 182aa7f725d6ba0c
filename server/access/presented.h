// The token that a request brings with it.
#pragma once

#include <optional>
#include <string_view>

namespace baton::access {

// KEY of "Bearer KEY" (RFC 6750); the scheme in any case. Empty for anything else.
std::string_view BearerToken(std::string_view authorization);

// Of the headers Authorization and X-API-Key, which wins where both are there: the other may be for
// somebody between. Empty where there is none.
std::string_view PresentedKey(std::optional<std::string_view> authorization,
                              std::optional<std::string_view> x_api_key);

}  // namespace baton::access
