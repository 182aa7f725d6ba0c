// What an operator's token lets its holder do.
#pragma once

#include <optional>
#include <string_view>

namespace baton::access {

enum class Role {
  kNone,      // of API keys: the data plane, and nothing of the admin plane
  kViewer,    // may see everything, and change nothing
  kOperator,  // may do everything
};

// "none", "viewer", "operator".
std::string_view ToText(Role role);
// Those that a file may give: "viewer" and "operator"; none for anything else.
std::optional<Role> ParseRole(std::string_view text);

}  // namespace baton::access
