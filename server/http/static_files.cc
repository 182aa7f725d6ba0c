// Paths beneath prefixes onto files beneath folders.
#include "server/http/static_files.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <utility>

#include "server/http/error_response.h"
#include "server/http/file_response.h"
#include "server/http/open_beneath.h"

namespace baton::http {
namespace {

constexpr std::string_view kAllow = "GET, HEAD";
constexpr std::string_view kTooManyOpen =
    "as many files are open, in all or for one client, as may be";
constexpr std::uint64_t kReadAheadBytes = 512 * 1024;

// Neither hidden nor with an empty segment, which other servers would read in other ways.
bool IsServable(std::string_view path) {
  return !path.empty() && path.front() != '/' && path.front() != '.' &&
         path.find("//") == path.npos && path.find("/.") == path.npos;
}

Response ResponseForError(int error, const std::string& path) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
    case EXDEV:  // outside of the folder
    case ELOOP:
    case ENAMETOOLONG:
    case EINVAL: return ErrorResponse(404, "nothing is served at '" + path + "'");
    case EACCES:
    case EPERM: return ErrorResponse(403, "the server may not read '" + path + "'");
    case EAGAIN:
    case EMFILE:
    case ENFILE:
    case ENOMEM: return TryLater(kTooManyOpen);
    default: return ErrorResponse(500, "the file at '" + path + "' cannot be read");
  }
}

// So that the loop, which sends it, finds its beginning in memory. Only a hint.
void ReadAhead(const FileBody& body) {
  posix_fadvise(body.file->get(), static_cast<off_t>(body.offset),
                static_cast<off_t>(std::min(body.size, kReadAheadBytes)), POSIX_FADV_WILLNEED);
}

}  // namespace

Result<StaticFiles> StaticFiles::Open(const std::vector<StaticMount>& mounts,
                                      std::size_t max_open) {
  StaticFiles files(max_open);
  for (const StaticMount& mount : mounts) {
    Root root{mount.prefix, OpenRoot(mount.folder.c_str())};
    int error = root.folder.valid() ? 0 : errno;
    UniqueFd none;
    struct stat facts {};
    if (error == 0 && OpenBeneath(root.folder, ".", none, facts) == ENOSYS) error = ENOSYS;
    if (error != 0) {
      return Fail(ErrorCode::kFailedPrecondition,
                  "--static " + mount.prefix + ": cannot open the folder '" +
                      mount.folder.string() + "': " + std::strerror(error) +
                      (error == ENOSYS ? " (openat2, Linux 5.6 or later, is needed)" : ""),
                  "--static");
    }
    files.roots_.push_back(std::move(root));
  }
  return files;
}

const StaticFiles::Root* StaticFiles::RootOf(std::string_view path) const {
  for (const Root& root : roots_) {
    if (IsWithin(root.prefix, path)) return &root;
  }
  return nullptr;
}

std::optional<Response> StaticFiles::RespondWithoutFile(const Request& request) {
  if (request.method == Method::kGet || request.method == Method::kHead) return std::nullopt;
  Response response;
  if (request.method == Method::kOptions) {
    response.status = 204;
  } else {
    response =
        ErrorResponse(405, "files are only read: expected GET or HEAD at '" + request.path + "'");
  }
  AppendHeader(response.headers, "Allow", kAllow);
  return response;
}

Response StaticFiles::Respond(const Request& request, net::ClientAddress client, std::time_t now) {
  const Root* root = RootOf(request.path);
  const std::string_view beneath = std::string_view(request.path).substr(root->prefix.size());
  const std::string name(beneath.substr(std::min<std::size_t>(1, beneath.size())));
  if (!IsServable(name)) return ResponseForError(ENOENT, request.path);

  UniqueFd fd;
  struct stat facts {};
  const int error = OpenBeneath(root->folder, name, fd, facts);
  if (error != 0) return ResponseForError(error, request.path);
  FoundFile found;
  found.file = open_.Share(std::move(fd), facts.st_dev, facts.st_ino, client);
  if (!found.file) return TryLater(kTooManyOpen);
  found.inode = facts.st_ino;
  found.size = static_cast<std::uint64_t>(facts.st_size);
  found.modified = facts.st_mtim;
  Response response = MakeFileResponse(request, found, name, now);
  if (response.file && request.method == Method::kGet) ReadAhead(*response.file);
  return response;
}

}  // namespace baton::http
