// Who may call what through the admin API's mirror.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "server/access/secrets.h"
#include "server/base/clock.h"
#include "server/http/message.h"
#include "server/metrics/registry.h"
#include "server/pages/site_check.h"

namespace baton::app {

// Why a call is not let in, as HTTP and gRPC say it.
struct Refusal {
  int status = 403;
  std::string_view code = "PERMISSION_DENIED";
  std::string message;
  std::string headers = {};  // of the answer
};

// Changes need an operator's token on every listener; to look, a viewer's will do. Where no token
// file is configured a client's certificate says who it is, and is an operator's unless one of its
// names is a viewer's, as on the admin plane itself; where neither is asked for, loopback may look.
// Beyond loopback tokens travel over TLS alone. Pages of other sites are kept out of all of it: a
// browser shows its user's certificate to whoever has it ask.
//
// Threads: the pages'.
class MirrorDoor {
 public:
  struct Options {
    pages::Site site;
    // The admin plane asks nobody who looks for a name: no token, no certificate, no Unix socket.
    bool may_look_unnamed = true;
    // Who presents a token; none when nobody's. Null: no token file is configured.
    std::function<std::optional<access::Identity>(std::string_view token)> find_token;
    std::vector<std::string> viewers = {};  // names in certificates that may only look
  };
  // `clock` and `registry` outlive it.
  MirrorDoor(Options options, const Clock& clock, metrics::Registry& registry);
  ~MirrorDoor();
  MirrorDoor(const MirrorDoor&) = delete;
  MirrorDoor& operator=(const MirrorDoor&) = delete;

  // Pages of other sites, and connections that others may listen to. `from` is for the log.
  std::optional<Refusal> RefuseSite(const http::Request& request, const std::string& from);
  // The caller's name, empty where none is asked for. `changes`: the method needs an operator.
  tl::expected<std::string, Refusal> Admit(const http::Request& request, const std::string& from,
                                           bool changes);

  // Whether a call that changes nothing would be let in. Nothing is counted or logged.
  bool MayLook(const http::Request& request) const;

 private:
  enum class Reason : std::uint8_t { kOtherSite, kNotSecured, kNoToken, kWrongToken, kViewer };
  static constexpr std::size_t kReasons = 5;

  Refusal Refuse(Reason reason, Refusal refusal, const std::string& from, std::string_view who);
  tl::expected<std::string, Refusal> AdmitByCertificate(const std::vector<std::string>& names,
                                                        const std::string& from, bool changes);
  tl::expected<std::string, Refusal> AdmitByToken(const http::Request& request,
                                                  const std::string& from, bool changes);

  const Options options_;
  const Clock& clock_;
  metrics::Registry& registry_;
  metrics::Shard* const shard_;
  std::array<metrics::Counter, kReasons> refused_;
  SteadyTime next_line_{};
  std::uint64_t without_line_ = 0;
};

}  // namespace baton::app
