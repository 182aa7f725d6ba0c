// One page out of a list that is ordered by name.
#include "admin/service/paging.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <string_view>
#include <utility>

namespace baton::admin {
namespace {

constexpr std::int32_t kDefaultPageSize = 100;
constexpr std::int32_t kMaxPageSize = 1000;
constexpr std::string_view kTokenPrefix = "after:";

using control::EndpointState;

bool ByName(const EndpointState& a, const EndpointState& b) { return a.name < b.name; }

}  // namespace

Result<EndpointPage> TakePage(std::vector<EndpointState> endpoints, std::int32_t page_size,
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
  std::sort(endpoints.begin(), endpoints.end(), ByName);
  auto first = endpoints.begin();
  if (!token.empty()) {
    EndpointState last_seen;
    last_seen.name = token.substr(kTokenPrefix.size());
    first = std::upper_bound(endpoints.begin(), endpoints.end(), last_seen, ByName);
  }
  const auto wanted = std::min(page_size == 0 ? kDefaultPageSize : page_size, kMaxPageSize);
  const auto taken = std::min<std::ptrdiff_t>(wanted, std::distance(first, endpoints.end()));

  EndpointPage page;
  page.endpoints.assign(std::make_move_iterator(first), std::make_move_iterator(first + taken));
  if (first + taken != endpoints.end()) {
    page.next_token = std::string(kTokenPrefix) + page.endpoints.back().name;
  }
  return page;
}

}  // namespace baton::admin
