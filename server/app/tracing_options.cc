// Tracing as the configuration has it, and the file of headers.
#include "server/app/tracing_options.h"

#include <algorithm>
#include <sstream>
#include <string_view>
#include <utility>

#include "server/trace/http_post.h"
#include "server/yaml/config_reader.h"

namespace baton::app {
namespace {

constexpr std::size_t kMostHeaders = 32;

bool IsToken(std::string_view name) {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  return !name.empty() && std::ranges::all_of(name, [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           kOthers.find(c) != std::string_view::npos;
  });
}

bool IsHeader(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || !IsToken(line.substr(0, colon))) return false;
  const std::string_view value = line.substr(colon + 1);
  return value.find_first_not_of(" \t") != std::string_view::npos &&
         std::ranges::all_of(value, [](char c) { return c == '\t' || (c >= ' ' && c <= '~'); });
}

}  // namespace

Result<TracingOptions> ReadTracing(const config::Configuration& configuration) {
  const config::v1::Tracing& said = configuration.values.tracing();
  TracingOptions tracing;
  tracing.endpoint = said.endpoint();
  tracing.headers_file = said.headers_file();
  tracing.ca_file = said.ca_file();
  tracing.service = said.service();
  tracing.sampling.share = yaml::ReadPercent(said.sample()).value_or(0);
  tracing.sampling.follows_callers = said.callers() == "follow";
  tracing.sampling.misses = said.misses();
  tracing.sampling.others = said.others();
  if (tracing.endpoint.empty()) return tracing;
  constexpr const char* kKey = "tracing.endpoint";
  if (const Status checked = trace::CheckUrl(tracing.endpoint); !checked) {
    return Fail(
        ErrorCode::kInvalidArgument,
        std::string(configuration.OriginOf(kKey)) + ": " + kKey + ": " + checked.error().message,
        kKey);
  }
  return tracing;
}

Result<std::vector<std::string>> ParseCollectorHeaders(const std::string& text) {
  std::vector<std::string> headers;
  std::istringstream lines(text);
  std::size_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.empty() || line.front() == '#') continue;
    if (!IsHeader(line) || headers.size() == kMostHeaders) {
      return Fail(ErrorCode::kInvalidArgument,
                  "line " + std::to_string(number) + ": expected at most " +
                      std::to_string(kMostHeaders) + " lines 'Name: value' in ASCII");
    }
    headers.push_back(std::move(line));
  }
  return headers;
}

}  // namespace baton::app
