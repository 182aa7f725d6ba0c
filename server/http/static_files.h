// Folders whose files are served under prefixes: from a path to the answer.
#pragma once

#include <ctime>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/fd.h"
#include "server/base/result.h"
#include "server/http/message.h"
#include "server/http/open_files.h"
#include "server/http/static_mount.h"
#include "server/net/client_places.h"

namespace baton::http {

// Only regular files are served. 404 are: folders and all else that is none, what lies outside of
// its folder however the path gets there (open_beneath.h), hidden names (a segment that begins with
// '.'), and paths with empty segments. 403 is what the server may not read.
//
// Owns: a descriptor a folder, opened once: nothing above it needs to be readable later.
class StaticFiles {
 public:
  // Opens the folders. At most `max_open` files are held open at once by answers under way,
  // and a quarter of them by those of one client. Fails
  // when a folder cannot be opened, or the kernel has no openat2.
  static Result<StaticFiles> Open(const std::vector<StaticMount>& mounts, std::size_t max_open);

  // Whether `path` is beneath one of the prefixes, or is one. Any thread.
  bool Covers(std::string_view path) const { return RootOf(path) != nullptr; }

  // What needs no file: 204 to OPTIONS and 405, with Allow; nothing for GET and HEAD. Any thread.
  static std::optional<Response> RespondWithoutFile(const Request& request);

  // Requires: Covers(request.path); the method is GET or HEAD. Blocks on the disk. One thread at a
  // time.
  Response Respond(const Request& request, net::ClientAddress client, std::time_t now);

 private:
  struct Root {
    std::string prefix;
    UniqueFd folder;
  };

  explicit StaticFiles(std::size_t max_open) : open_(max_open) {}
  const Root* RootOf(std::string_view path) const;

  std::vector<Root> roots_;
  OpenFiles open_;
};

}  // namespace baton::http
