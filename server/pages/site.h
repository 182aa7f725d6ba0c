// The files of the pages, which are inside the program (site/).
#pragma once

#include <optional>
#include <string_view>

#include "server/http/message.h"

namespace baton::pages {

// The file of that name; empty when there is none.
std::string_view SiteText(std::string_view name);

// What is served at `path` as it is; none for anything else.
std::optional<http::Response> SiteFile(std::string_view path);

}  // namespace baton::pages
