// What a method that streams goes on telling, whichever way its calls come in.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "server/base/result.h"
#include "server/control/caller.h"
#include "server/control/control_port.h"

namespace baton::admin {

// Goes with its call. Threads: one at a time.
class AdminFeed {
 public:
  virtual ~AdminFeed() = default;

  // The next message, serialized. None: there is none yet, or it has ended.
  virtual std::optional<std::string> Next() = 0;
  // Nothing comes any more.
  virtual bool HasEnded() const = 0;
};
using OpenedAdminFeed = Result<std::unique_ptr<AdminFeed>>;

// Whoever turns messages into something else does it for one of this size, give or take a request,
// without holding up others on its thread.
inline constexpr std::size_t kAdminFeedBytes = std::size_t{64} << 10U;

// Takes a serialized message. `tell` runs when there may be another one, on any thread and perhaps
// under a lock: it posts. Threads: any.
using OpenAdminFeed = std::function<OpenedAdminFeed(
    const control::Caller& caller, std::string_view message, std::function<void()> tell)>;

// By the method's name, as "WatchStatus".
using AdminFeeds = std::map<std::string, OpenAdminFeed, std::less<>>;

// Every method of baton.admin.v1.AdminService that streams. `control` outlives them and their
// feeds.
AdminFeeds MakeAdminFeeds(control::ControlPort& control);

}  // namespace baton::admin
