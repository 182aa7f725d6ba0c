// What answers of the pages tell browsers about themselves.
#pragma once

#include <cstdint>

#include "server/http/message.h"

namespace baton::pages {

enum class Content : std::uint8_t {
  kPage,  // is looked at, and may have scripts, styles and pictures of the same origin beside it
  kData,  // is read by programs: nothing in it may run, and nothing may be loaded for it
};

// No answer is guessed at, framed, kept, or read by pages of another origin; none gets at devices.
// `is_secured`: browsers are told to come over TLS from now on.
void AddSecurityHeaders(http::Response& response, Content content, bool is_secured);

}  // namespace baton::pages
