// Files into what a connection is made of.
#include "admin/ctl/target.h"

#include <string_view>

#include "server/base/duration_text.h"
#include "server/yaml/text_file.h"

namespace baton::ctl {
namespace {

constexpr std::string_view kOfTheMachine = "system";

tl::unexpected<Error> Wrong(std::string reason) {
  return Fail(ErrorCode::kInvalidArgument, std::move(reason));
}

Status Read(const std::string& path, std::string& text) {
  if (path.empty()) return {};
  Result<std::string> read = yaml::ReadTextFile(path);
  if (!read) return Wrong(read.error().message);
  text = *std::move(read);
  return {};
}

// A name that only begins like a loopback address, such as 127.example.org, may be anywhere.
bool StaysOnTheMachine(const std::string& server) {
  if (server.starts_with("unix:")) return true;
  if (server.find(':') == server.npos) return false;  // a bare port is an address to gRPC
  const Result<ListenAddress> address = ParseListenAddress(server);
  return address && address->IsLoopback();
}

Status CheckWhole(const Target& target) {
  const bool speaks_tls = !target.ca.empty() || !target.certificate.empty();
  if (target.certificate.empty() != target.key.empty()) {
    return Wrong(
        "a certificate and its key go together: expected --certificate FILE and --key "
        "FILE, got one of them");
  }
  if (speaks_tls && target.server.starts_with("unix:")) {
    return Wrong("a Unix socket has no TLS: expected neither --ca nor --certificate with " +
                 target.server);
  }
  if (!target.token_file.empty() && !speaks_tls && !StaysOnTheMachine(target.server)) {
    return Wrong(
        "a token goes to another machine over TLS only: expected --ca FILE, or --ca "
        "system, with " +
        target.server);
  }
  return {};
}

// The one line of its file.
Status ReadToken(const std::string& path, std::string& token) {
  std::string text;
  if (Status read = Read(path, text); !read) return read;
  text.erase(text.find_last_not_of(" \t\r\n") + 1);
  text.erase(0, text.find_first_not_of(" \t\r\n"));
  for (const char letter : text) {
    if (letter <= ' ' || letter > '~') return Wrong(path + ": expected a token, as one line");
  }
  if (text.empty() && !path.empty()) return Wrong(path + ": expected a token, got nothing");
  token = std::move(text);
  return {};
}

}  // namespace

Result<Reach> ReadTarget(const Target& target) {
  if (const Status whole = CheckWhole(target); !whole) return tl::unexpected<Error>(whole.error());
  Reach reach;
  reach.server = target.server;
  reach.speaks_tls = !target.ca.empty() || !target.certificate.empty();
  for (const Status& read :
       {Read(target.ca == kOfTheMachine ? "" : target.ca, reach.roots),
        Read(target.certificate, reach.certificate), Read(target.key, reach.key),
        ReadToken(target.token_file, reach.token)}) {
    if (!read) return tl::unexpected<Error>(read.error());
  }
  return reach;
}

}  // namespace baton::ctl
