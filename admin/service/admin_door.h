// Who may call what of the admin plane, whichever way calls come in.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/expected.hpp>

#include "server/base/clock.h"
#include "server/base/mutex.h"
#include "server/control/caller.h"
#include "server/metrics/registry.h"

namespace baton::admin {

// What a call shows of who makes it.
struct Visitor {
  std::string from;                // the other end of its connection: "ipv4:127.0.0.1:50312"
  bool is_on_socket = false;       // the Unix socket's: its mode has said who may come
  std::string_view authorization;  // "Bearer TOKEN"; empty: none was sent
  std::vector<std::string>
      certificate;  // names in a certificate that was checked, the subject's first
};

// Why a call is not answered.
struct Denied {
  enum class Reason {
    kNoToken,
    kWrongToken,  // nobody's, or one that has expired
    kViewer,      // who it is may look, and change nothing
  };
  Reason reason = Reason::kNoToken;
  std::string message;

  bool is_unknown() const { return reason != Reason::kViewer; }  // else it is known, and may not
};
inline constexpr std::size_t kDeniedReasons = 3;
std::string_view ToText(Denied::Reason reason);

// Whether one of the names in a certificate is a viewer's.
bool IsViewer(const std::vector<std::string>& viewers, const std::vector<std::string>& names);

// A caller on the Unix socket is an operator, whatever it shows. Where tokens are asked for, every
// other needs one, whose holder it is; a certificate does not replace it. Where none are, it is who
// its certificate names, and without one, an operator: then the listener is on loopback.
//
// A viewer may call what the schema calls free of side effects, and all that is not of
// baton.admin: health, reflection.
//
// Threads: any.
class AdminDoor {
 public:
  struct Holder {
    std::string name;
    bool may_change = false;
  };
  struct Options {
    // Whose token the header has; none for nobody's, and for what is no "Bearer TOKEN". Null: calls
    // need none.
    std::function<std::optional<Holder>(std::string_view authorization)> find_holder;
    std::vector<std::string> viewers;  // names in certificates that may only look
  };

  AdminDoor(Options options, const Clock& clock) : options_(std::move(options)), clock_(clock) {}
  AdminDoor(const AdminDoor&) = delete;
  AdminDoor& operator=(const AdminDoor&) = delete;

  // How many were denied. Requires: `registry` does not scrape once this is gone.
  void AddMetrics(metrics::Registry& registry) const;

  // `method` is "/package.Service/Method". Who is denied is counted, and told of in the log, at
  // most once a second.
  tl::expected<control::Caller, Denied> Admit(const Visitor& visitor, std::string_view method);
  // Of one who is let in.
  control::Caller CallerOf(const Visitor& visitor) const;

 private:
  tl::expected<Holder, Denied> Recognise(const Visitor& visitor) const;
  void Report(const Visitor& visitor, std::string_view name, std::string_view method,
              const Denied& denied) BATON_EXCLUDES(mutex_);

  // Set once.
  const Options options_;
  const Clock& clock_;

  std::array<std::atomic<std::uint64_t>, kDeniedReasons> denied_{};  // by Reason

  Mutex mutex_;
  SteadyTime next_line_ BATON_GUARDED_BY(mutex_){};
  std::uint64_t without_line_ BATON_GUARDED_BY(mutex_) = 0;
};

}  // namespace baton::admin
