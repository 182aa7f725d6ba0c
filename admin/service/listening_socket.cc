// A lock on the folder, a look at who listens, and a strict mask.
#include "admin/service/listening_socket.h"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>
#include <utility>

#include "server/control/admin_socket.h"

namespace baton::admin {
namespace {

constexpr std::size_t kLongestPath = sizeof(sockaddr_un{}.sun_path) - 1;
constexpr mode_t kForOwnerAlone = S_IXUSR | S_IRWXG | S_IRWXO;

}  // namespace

namespace {

// Another that starts holds it for an instant; who holds it longer has no business with it.
bool Lock(int folder) {
  using namespace std::chrono_literals;
  constexpr int kTries = 200;
  constexpr auto kBetweenTries = 10ms;
  for (int tries = 0; tries < kTries; ++tries) {
    if (::flock(folder, LOCK_EX | LOCK_NB) == 0) return true;
    if (errno != EWOULDBLOCK) return false;
    std::this_thread::sleep_for(kBetweenTries);
  }
  return ::flock(folder, LOCK_EX | LOCK_NB) == 0;
}

}  // namespace

Result<ListeningSocket> ListeningSocket::Claim(const std::string& path) {
  if (path.size() > kLongestPath) {
    return Fail(
        ErrorCode::kInvalidArgument,
        "admin socket: expected a path of at most 107 bytes, got " + std::to_string(path.size()),
        "unix_socket");
  }
  const std::filesystem::path parent = std::filesystem::path(path).parent_path();
  UniqueFd folder(
      ::open(parent.empty() ? "." : parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.valid() || !Lock(folder.get())) {
    return Fail(
        ErrorCode::kFailedPrecondition,
        "cannot listen on unix:" + path + " for admin: its folder: " + std::strerror(errno));
  }
  if (control::IsServed(path)) {
    return Fail(ErrorCode::kUnavailable,
                "cannot listen on unix:" + path + " for admin: another server does");
  }
  return ListeningSocket(path, std::move(folder));
}

ListeningSocket::ListeningSocket(std::string path, UniqueFd folder)
    : path_(std::move(path)), folder_(std::move(folder)), mask_(::umask(kForOwnerAlone)) {}

ListeningSocket::ListeningSocket(ListeningSocket&& other) noexcept
    : path_(std::move(other.path_)), folder_(std::move(other.folder_)), mask_(other.mask_) {}

ListeningSocket::~ListeningSocket() {
  if (folder_.valid()) ::umask(mask_);
}

Result<UniqueFd> ListeningSocket::Listen(int backlog) const {
  Remove(path_);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path_.copy(address.sun_path, kLongestPath);
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const bool listens =
      fd.valid() &&
      ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 &&
      ::listen(fd.get(), backlog) == 0;
  if (listens) return fd;
  return Fail(ErrorCode::kUnavailable,
              "cannot listen on unix:" + path_ + " for admin: " + std::strerror(errno));
}

void ListeningSocket::Remove(const std::string& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) == 0 && S_ISSOCK(info.st_mode)) ::unlink(path.c_str());
}

}  // namespace baton::admin
