// Lists of entity tags, dates, and which of them comes first.
#include "server/http/conditional.h"

#include <optional>

#include "server/http/characters.h"
#include "server/http/http_date.h"

namespace baton::http {
namespace {

// Takes one entity tag off the front of a list, with the commas and blanks before it. Empty at the
// end, and for what is no entity tag.
std::string_view TakeTag(std::string_view& list) {
  while (!list.empty() && (list[0] == ',' || list[0] == ' ' || list[0] == '\t')) {
    list.remove_prefix(1);
  }
  const std::size_t opening = list.starts_with("W/\"") ? 2 : 0;
  if (list.size() <= opening || list[opening] != '"') return {};
  const std::size_t closing = list.find('"', opening + 1);
  if (closing == list.npos) return {};
  const std::string_view tag = list.substr(0, closing + 1);
  list.remove_prefix(tag.size());
  return tag;
}

// Ours are strong: compared strongly, a weak one is another; weakly, its mark does not matter.
bool IsListed(std::string_view list, std::string_view etag, bool weakly) {
  if (Trim(list) == "*") return true;
  for (std::string_view tag = TakeTag(list); !tag.empty(); tag = TakeTag(list)) {
    if (weakly && tag.starts_with("W/")) tag.remove_prefix(2);
    if (tag == etag) return true;
  }
  return false;
}

// A field may come as several lines, which are one list. Empty when it does not come at all.
std::optional<bool> Lists(const Request& request, std::string_view name, std::string_view etag,
                          bool weakly) {
  std::optional<bool> found;
  for (std::size_t nth = 0; const auto line = request.Header(name, nth); ++nth) {
    found = found.value_or(false) || IsListed(*line, etag, weakly);
  }
  return found;
}

std::optional<std::time_t> Date(const Request& request, std::string_view name, std::time_t now) {
  const auto line = request.Header(name);
  if (!line || request.Header(name, 1)) return std::nullopt;
  return ParseHttpDate(*line, now);
}

}  // namespace

Precondition CheckPreconditions(const Request& request, const Validators& validators,
                                std::time_t now) {
  if (const auto matches = Lists(request, "If-Match", validators.etag, /*weakly=*/false)) {
    if (!*matches) return Precondition::kFailed;
  } else if (const auto since = Date(request, "If-Unmodified-Since", now)) {
    if (validators.last_modified > *since) return Precondition::kFailed;
  }
  if (const auto matches = Lists(request, "If-None-Match", validators.etag, /*weakly=*/true)) {
    return *matches ? Precondition::kNotModified : Precondition::kHolds;
  }
  const auto since = Date(request, "If-Modified-Since", now);
  return since && validators.last_modified <= *since ? Precondition::kNotModified
                                                     : Precondition::kHolds;
}

bool RangeCounts(const Request& request, const Validators& validators, std::time_t now) {
  const auto line = request.Header("If-Range");
  if (!line) return true;
  if (line->ends_with('"')) return *line == validators.etag;
  const auto date = Date(request, "If-Range", now);
  return date && *date == validators.last_modified && *date < now;
}

}  // namespace baton::http
