// A plug-in that tries what no model needs, and answers with the error of each: 0 where it went
// well.
#include <cerrno>
#include <fcntl.h>
#include <functional>
#include <map>
#include <netinet/in.h>
#include <string>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <vector>

#include "baton_plugin.hpp"
#include <spawn.h>

namespace plugin = baton::plugin;

namespace {

int ErrorOf(long result) { return result < 0 ? errno : 0; }

// Closes what it was given.
int ErrorOfDescriptor(int fd) {
  const int error = ErrorOf(fd);
  if (fd >= 0) close(fd);
  return error;
}

int Execute() {
  char name[] = "true";
  char* const arguments[] = {name, nullptr};
  return ErrorOf(execv("/bin/true", arguments));
}

int Spawn() {
  char name[] = "true";
  char* const arguments[] = {name, nullptr};
  pid_t child = 0;
  return posix_spawn(&child, "/bin/true", nullptr, nullptr, arguments, environ);
}

int Connect() {
  sockaddr_in nobody{};
  nobody.sin_family = AF_INET;
  nobody.sin_port = htons(1);
  nobody.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno;
  const int error =
      ErrorOf(connect(fd, reinterpret_cast<const sockaddr*>(&nobody), sizeof(nobody)));
  close(fd);
  return error;
}

const std::map<std::string, std::function<int()>, std::less<>> kTrespasses = {
    {"execute", &Execute},
    {"spawn", &Spawn},
    {"connect", &Connect},
    {"trace", [] { return ErrorOf(ptrace(PTRACE_TRACEME, 0, nullptr, nullptr)); }},
    {"dumpable", [] { return ErrorOf(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)); }},
    {"netlink", [] { return ErrorOfDescriptor(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0)); }},
    {"crypto", [] { return ErrorOfDescriptor(socket(AF_ALG, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)); }},
    {"become root", [] { return ErrorOf(syscall(SYS_setuid, 0)); }},  // of this thread alone
};

// "execute", or "read PATH", or "write PATH".
int Try(std::string_view what) {
  if (what.starts_with("read ")) {
    return ErrorOfDescriptor(open(std::string(what.substr(5)).c_str(), O_RDONLY | O_CLOEXEC));
  }
  if (what.starts_with("write ")) {
    const std::string file(what.substr(6));
    return ErrorOfDescriptor(open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  }
  const auto trespass = kTrespasses.find(what);
  if (trespass == kTrespasses.end()) throw plugin::BadInput("no such trespass");
  return trespass->second();
}

}  // namespace

class Trespasser final : public plugin::Endpoint {
 public:
  explicit Trespasser(const plugin::Config& /*config*/) {
    AddInput<std::string>("what", {-1});
    AddOutput<std::int32_t>("error", {-1});
  }

  void Predict(const plugin::Call& call) const override {
    std::vector<std::int32_t> errors;
    for (const std::string_view what : call.Input(0).Texts()) errors.push_back(Try(what));
    call.Output("error", {static_cast<std::int64_t>(errors.size())}, errors);
  }
};

BATON_PLUGIN(Trespasser)
