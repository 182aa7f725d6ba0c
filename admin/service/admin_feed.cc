// The methods that stream.
#include "admin/service/admin_feed.h"

#include <utility>

#include "admin/service/capture_feed.h"
#include "admin/service/watch_feed.h"

namespace baton::admin {

AdminFeeds MakeAdminFeeds(control::ControlPort& control) {
  AdminFeeds feeds;
  feeds["CaptureRequests"] = [&control](const control::Caller& caller, std::string_view message,
                                        std::function<void()> tell) {
    return OpenCapture(control, caller, message, std::move(tell), kAdminFeedBytes);
  };
  feeds["WatchStatus"] = [&control](const control::Caller& /*caller*/, std::string_view message,
                                    std::function<void()> tell) {
    return OpenWatch(control, message, std::move(tell));
  };
  return feeds;
}

}  // namespace baton::admin
