// The names of the roles.
#include "server/access/role.h"

namespace baton::access {

std::string_view ToText(Role role) {
  switch (role) {
    case Role::kNone: return "none";
    case Role::kViewer: return "viewer";
    case Role::kOperator: return "operator";
  }
  return "none";
}

std::optional<Role> ParseRole(std::string_view text) {
  for (const Role role : {Role::kViewer, Role::kOperator}) {
    if (ToText(role) == text) return role;
  }
  return std::nullopt;
}

}  // namespace baton::access
