// A sample is told once.
#include "admin/service/watch_feed.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "baton/admin/v1/admin_service.pb.h"

#include "admin/service/admin_method.h"
#include "admin/service/translate_watch.h"
#include "server/control/status_feed.h"

namespace baton::admin {
namespace {

class WatchFeed final : public AdminFeed {
 public:
  WatchFeed(control::StatusFeed& samples, std::function<void()> tell)
      : samples_(samples), news_(samples.Subscribe(std::move(tell))) {}

  std::optional<std::string> Next() override {
    std::shared_ptr<const control::StatusSample> newest = samples_.Newest();
    if (newest == told_) return std::nullopt;
    told_ = std::move(newest);
    v1::StatusUpdate update;
    Fill(*told_, update);
    return update.SerializeAsString();
  }
  bool HasEnded() const override { return false; }

 private:
  control::StatusFeed& samples_;
  std::shared_ptr<const control::StatusSample> told_;
  const std::unique_ptr<control::StatusFeed::Subscription> news_;
};

}  // namespace

OpenedAdminFeed OpenWatch(control::ControlPort& control, std::string_view message,
                          std::function<void()> tell) {
  const auto request = Parse<v1::WatchStatusRequest>(message);
  if (!request) return tl::unexpected<Error>(request.error());
  return std::make_unique<WatchFeed>(control.status_feed(), std::move(tell));
}

}  // namespace baton::admin
