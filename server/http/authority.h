// What a Host header or the authority of a target may look like.
#pragma once

#include <string_view>

namespace baton::http {

// host [":" port] with a non-empty host: a name, an IPv4 address, or an IPv6 address in brackets;
// the port is empty or a number up to 65535. Userinfo and lists are refused.
bool IsAuthority(std::string_view text);

// A Host header's value: an authority, or nothing at all (RFC 9110, 7.2).
inline bool IsHostValue(std::string_view text) { return text.empty() || IsAuthority(text); }

}  // namespace baton::http
