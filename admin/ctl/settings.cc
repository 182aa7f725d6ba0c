// KEY=VALUE arguments of `batonctl set`, into requests.
#include "admin/ctl/settings.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <map>
#include <string_view>
#include <utility>

#include "server/base/duration_text.h"

namespace baton::ctl {
namespace {

namespace v1 = admin::v1;
using Keys = std::vector<std::string>;
using Values = std::map<std::string, std::string>;

// How many letters have to be changed, put in or taken out to get from one word to the other.
std::size_t EditDistance(std::string_view from, std::string_view to) {
  std::vector<std::size_t> row(to.size() + 1);
  for (std::size_t j = 0; j <= to.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= from.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= to.size(); ++j) {
      const std::size_t replaced = diagonal + (from[i - 1] == to[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[to.size()];
}

tl::unexpected<Error> UnknownKey(const std::string& key, std::string_view what, const Keys& keys) {
  std::string listed;
  for (const std::string& known : keys) listed += (listed.empty() ? "" : ", ") + known;
  const auto nearest = std::min_element(keys.begin(), keys.end(),
                                        [&key](const std::string& a, const std::string& b) {
                                          return EditDistance(key, a) < EditDistance(key, b);
                                        });
  std::string message =
      "unknown setting '" + key + "' of " + std::string(what) + ": expected one of " + listed;
  if (EditDistance(key, *nearest) <= nearest->size() / 2) {
    message += "; did you mean " + *nearest + "?";
  }
  return Fail(ErrorCode::kInvalidArgument, std::move(message), key);
}

Result<Values> Split(const std::vector<std::string>& settings, std::string_view what,
                     const Keys& keys) {
  Values values;
  for (const std::string& setting : settings) {
    const std::size_t equals = setting.find('=');
    if (equals == std::string::npos || equals == 0) {
      return Fail(ErrorCode::kInvalidArgument,
                  "expected KEY=VALUE (such as " + keys.front() + "=...), got '" + setting + "'");
    }
    const std::string key = setting.substr(0, equals);
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) return UnknownKey(key, what, keys);
    if (!values.emplace(key, setting.substr(equals + 1)).second) {
      return Fail(ErrorCode::kInvalidArgument, key + ": given twice, expected once", key);
    }
  }
  return values;
}

Result<int> ToWholeNumber(const std::string& key, const std::string& text) {
  int number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end) {
    return Fail(ErrorCode::kInvalidArgument, key + ": expected a whole number, got '" + text + "'",
                key);
  }
  return number;
}

Result<double> ToMillisValue(const std::string& key, const std::string& text) {
  const Result<Duration> duration = ParseDuration(text);
  if (!duration)
    return Fail(ErrorCode::kInvalidArgument, key + ": " + duration.error().message, key);
  return ToMillis(*duration);
}

}  // namespace

Result<v1::UpdatePoolRequest> ToPoolRequest(const std::vector<std::string>& settings) {
  const Result<Values> values = Split(settings, "pool", {"size"});
  if (!values) return tl::unexpected<Error>(values.error());
  v1::UpdatePoolRequest request;
  for (const auto& [key, value] : *values) {
    const Result<int> size = ToWholeNumber(key, value);
    if (!size) return tl::unexpected<Error>(size.error());
    request.mutable_pool()->set_size(*size);
    request.mutable_update_mask()->add_paths("size");
  }
  return request;
}

Result<v1::UpdateEndpointRequest> ToEndpointRequest(const std::string& name,
                                                    const std::vector<std::string>& settings) {
  const Result<Values> values = Split(settings, "endpoint", {"default_budget", "max_budget"});
  if (!values) return tl::unexpected<Error>(values.error());
  v1::UpdateEndpointRequest request;
  v1::Endpoint& endpoint = *request.mutable_endpoint();
  endpoint.set_name("endpoints/" + name);
  for (const auto& [key, value] : *values) {
    const Result<double> millis = ToMillisValue(key, value);
    if (!millis) return tl::unexpected<Error>(millis.error());
    if (key == "max_budget") {
      endpoint.set_max_budget_ms(*millis);
    } else {
      endpoint.set_default_budget_ms(*millis);
    }
    request.mutable_update_mask()->add_paths(key + "_ms");
  }
  return request;
}

}  // namespace baton::ctl
