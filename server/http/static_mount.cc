// Prefixes and folders as operators write them.
#include "server/http/static_mount.h"

#include <algorithm>

namespace baton::http {
namespace {

constexpr std::string_view kSegmentCharacters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

bool IsSegment(std::string_view text) {
  return !text.empty() && text != "." && text != ".." &&
         text.find_first_not_of(kSegmentCharacters) == text.npos;
}

bool IsPrefix(std::string_view text) {
  if (text.empty()) return false;
  while (!text.empty()) {
    if (text[0] != '/') return false;
    const std::size_t end = std::min(text.find('/', 1), text.size());
    if (!IsSegment(text.substr(1, end - 1))) return false;
    text.remove_prefix(end);
  }
  return true;
}

bool Overlap(std::string_view a, std::string_view b) { return IsWithin(a, b) || IsWithin(b, a); }

Status Bad(const StaticMount& mount, const std::string& expected) {
  return Fail(
      ErrorCode::kInvalidArgument,
      "--static is '" + mount.prefix + "=" + mount.folder.string() + "', expected " + expected,
      "--static");
}

}  // namespace

Result<StaticMount> ParseStaticMount(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == text.npos || equals + 1 == text.size() || !IsPrefix(text.substr(0, equals))) {
    return Fail(ErrorCode::kInvalidArgument,
                "--static is '" + std::string(text) +
                    "', expected PREFIX=DIR with a prefix such as /static: '/' and letters, "
                    "digits, '-', '.', '_' or '~', once or several times",
                "--static");
  }
  return StaticMount{std::string(text.substr(0, equals)), text.substr(equals + 1)};
}

Status CheckStaticMounts(const std::vector<StaticMount>& mounts,
                         std::span<const std::string_view> taken) {
  for (std::size_t i = 0; i < mounts.size(); ++i) {
    const StaticMount& mount = mounts[i];
    std::error_code error;
    if (!std::filesystem::is_directory(mount.folder, error)) {
      return Bad(mount, "a folder that is there" + (error ? ": " + error.message() : ""));
    }
    for (const std::string_view route : taken) {
      if (Overlap(mount.prefix, route)) {
        return Bad(mount, "a prefix apart from " + std::string(route) + ", the server's own");
      }
    }
    for (std::size_t other = 0; other < i; ++other) {
      if (Overlap(mount.prefix, mounts[other].prefix)) {
        return Bad(mount, "a prefix apart from that of another, " + mounts[other].prefix);
      }
    }
  }
  return {};
}

}  // namespace baton::http
