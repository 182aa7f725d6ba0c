// Where a folder is served: a prefix of paths, as `PREFIX=DIR`.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/result.h"

namespace baton::http {

struct StaticMount {
  std::string prefix;  // such as "/static", or several segments
  std::filesystem::path folder;
};

// Reads "PREFIX=DIR". A prefix is made of segments out of letters, digits, '-', '.', '_' and '~',
// none of them empty, "." or "..", each behind its '/', with none at the end.
Result<StaticMount> ParseStaticMount(std::string_view text);

// Fails unless the folders are there, and no prefix lies within another or within one of `taken`,
// which are prefixes, too.
Status CheckStaticMounts(const std::vector<StaticMount>& mounts,
                         std::span<const std::string_view> taken);

// Whether `path` is `prefix`, or something beneath it.
inline bool IsWithin(std::string_view prefix, std::string_view path) {
  return path.starts_with(prefix) && (path.size() == prefix.size() || path[prefix.size()] == '/');
}

}  // namespace baton::http
