// Whether a request may come from another site than these pages, by way of somebody's browser.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/http/message.h"

namespace baton::pages {

struct Site {
  bool is_loopback = true;  // listens there: then a name that is not ours was bent to this machine
  bool is_secured = false;  // over TLS
  std::vector<std::string> names = {};  // that a loopback listener is asked by, besides localhost
};

// Why `request` is refused, as a sentence; none where it is not. Programs send neither Origin nor
// Sec-Fetch-Site, browsers do and let no page change them. Host is what the browser believes it
// talks to: addresses are what they are, but a name may be any site's (DNS rebinding).
std::optional<std::string> RefuseOtherSites(const http::Request& request, const Site& site);

// The part of it that holds for pages which are looked at, too: any site may lead to them, but none
// may read them under a name of its own.
std::optional<std::string> RefuseOtherNames(const http::Request& request, const Site& site);

// Whether `host`, without a port, is an IP address ("127.0.0.1", "[::1]").
bool IsIpLiteral(std::string_view host);

}  // namespace baton::pages
