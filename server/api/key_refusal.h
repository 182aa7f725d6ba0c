// What is said to clients whose API key does not let them in, and of the rate of those whose does.
#pragma once

#include <string>

#include "server/access/key_ring.h"
#include "server/http/message.h"

namespace baton::api {

// 401 with WWW-Authenticate (RFC 6750), or 429 with Retry-After, RateLimit and RateLimit-Policy
// (draft-ietf-httpapi-ratelimit-headers-09). Requires: it is not allowed.
http::Response KeyRefusal(const access::KeyDecision& decision);

// The sentence in its body.
std::string KeyRefusalText(const access::KeyDecision& decision);

// Appends RateLimit where the key has a rate: how many requests are left, and in how many seconds
// all are there again or, of what is refused, the next one.
void AppendRateLimit(std::string& headers, const access::KeyDecision& decision);

}  // namespace baton::api
