// One page out of a list that is ordered by name.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "server/base/result.h"
#include "server/control/control_port.h"

namespace baton::admin {

template <typename State>
struct Page {
  std::vector<State> items;  // ascending by name
  std::string next_token;    // empty on the last page
};

// The page that `token` asks for. A token holds the last name of its page and not a position, so
// that one that comes or goes between two calls neither repeats nor hides another. A size of 0
// means 100, the most is 1000. Fails with kInvalidArgument for a negative size and for a token that
// is none of ours. For endpoints, models and operations.
template <typename State>
Result<Page<State>> TakePage(std::vector<State> states, std::int32_t page_size,
                             const std::string& token);

}  // namespace baton::admin
