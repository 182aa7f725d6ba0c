// What is not to be shown of what clients send, told by what it is called.
#pragma once

#include <string>
#include <string_view>

namespace baton::control {

inline constexpr std::string_view kRedacted = "(redacted)";

// Whether what has this name, a header or a parameter of a query, may let somebody in:
// Authorization, Cookie, and whatever calls itself a key (but an idempotency key), a token, a
// secret, a password, a session, a signature or a credential. In any case, with any of "-", "_" and
// "." between its words or none.
bool IsSecretName(std::string_view name);

// The target of a request with the values of such parameters replaced. What is not visible ASCII is
// percent-encoded, which means the same.
std::string WithoutSecrets(std::string_view target);

}  // namespace baton::control
