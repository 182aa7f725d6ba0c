// One page out of a list that is ordered by name.
#include "admin/service/paging.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <string_view>
#include <utility>

#include "server/control/operation_book.h"

namespace baton::admin {
namespace {

constexpr std::int32_t kDefaultPageSize = 100;
constexpr std::int32_t kMaxPageSize = 1000;
constexpr std::string_view kTokenPrefix = "after:";

template <typename State>
bool ByName(const State& a, const State& b) {
  return a.name < b.name;
}

}  // namespace

template <typename State>
Result<Page<State>> TakePage(std::vector<State> states, std::int32_t page_size,
                             const std::string& token) {
  if (page_size < 0) {
    return Fail(ErrorCode::kInvalidArgument,
                "page_size: expected 0 to 1000, got " + std::to_string(page_size), "page_size");
  }
  if (!token.empty() && !token.starts_with(kTokenPrefix)) {
    return Fail(
        ErrorCode::kInvalidArgument,
        "page_token: expected the next_page_token of an earlier answer, got \"" + token + "\"",
        "page_token");
  }
  std::sort(states.begin(), states.end(), ByName<State>);
  auto first = states.begin();
  if (!token.empty()) {
    State last_seen;
    last_seen.name = token.substr(kTokenPrefix.size());
    first = std::upper_bound(states.begin(), states.end(), last_seen, ByName<State>);
  }
  const auto wanted = std::min(page_size == 0 ? kDefaultPageSize : page_size, kMaxPageSize);
  const auto taken = std::min<std::ptrdiff_t>(wanted, std::distance(first, states.end()));

  Page<State> page;
  page.items.assign(std::make_move_iterator(first), std::make_move_iterator(first + taken));
  if (first + taken != states.end()) {
    page.next_token = std::string(kTokenPrefix) + page.items.back().name;
  }
  return page;
}

template Result<Page<control::EndpointState>> TakePage(std::vector<control::EndpointState>,
                                                       std::int32_t, const std::string&);
template Result<Page<control::ModelState>> TakePage(std::vector<control::ModelState>, std::int32_t,
                                                    const std::string&);
template Result<Page<control::ListenerFigures>> TakePage(std::vector<control::ListenerFigures>,
                                                         std::int32_t, const std::string&);
template Result<Page<control::OperationState>> TakePage(std::vector<control::OperationState>,
                                                        std::int32_t, const std::string&);

}  // namespace baton::admin
