// Reading and writing of rates.
#include "server/access/rate.h"

#include <array>

#include "server/base/whole_number.h"

namespace baton::access {
namespace {

struct Window {
  std::string_view name;
  Duration length;
};
constexpr std::array<Window, 3> kWindows = {{{"s", 1s}, {"min", 1min}, {"h", 1h}}};

}  // namespace

Result<Rate> ParseRate(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash != std::string_view::npos) {
    const auto requests = ParseWholeNumber<std::uint32_t>(text.substr(0, slash));
    const bool fits = requests && *requests >= 1 && *requests <= kMostRequests;
    for (const Window& window : kWindows) {
      if (fits && window.name == text.substr(slash + 1)) {
        return Rate{*requests, window.length, *requests};
      }
    }
  }
  return Fail(ErrorCode::kInvalidArgument,
              "expected a rate such as 100/s, 6000/min or 10/h of 1 to 1000000 requests, got '" +
                  std::string(text.substr(0, 32)) + "'");
}

std::string ToText(const Rate& rate) {
  for (const Window& window : kWindows) {
    if (window.length == rate.window) {
      return std::to_string(rate.requests) + "/" + std::string(window.name);
    }
  }
  return std::to_string(rate.requests) + "/?";
}

}  // namespace baton::access
