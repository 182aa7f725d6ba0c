// The references of the admin API and of errors, as Markdown.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace baton::ctl {

// docs/reference/NAME.md out of what `explain` knows; none for a name that is neither "admin-api"
// nor "errors".
std::optional<std::string> ReferenceOf(std::string_view name);

}  // namespace baton::ctl
