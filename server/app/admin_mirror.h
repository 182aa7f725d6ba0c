// The admin API on the pages' listener: HTTP in front of the methods that gRPC's clients call.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "admin/service/admin_feed.h"
#include "admin/service/admin_method.h"
#include "admin/service/http_mirror.h"
#include "server/app/mirror_door.h"
#include "server/base/clock.h"
#include "server/control/caller.h"
#include "server/metrics/registry.h"
#include "server/pages/mirror.h"

namespace baton::app {

// Threads: the pages'; the methods are called, and their answers written, on the admin plane's.
// Those that stream are opened, and their lines written, on the pages': a small one at a time.
class AdminMirror final : public pages::Mirror {
 public:
  // Calls a method by its name with its serialized request; replies on any thread, later.
  using CallMethod = std::function<void(std::string method, control::Caller caller,
                                        std::string message, admin::AdminReply reply)>;
  // The same of a method that streams. `tell` as of OpenAdminFeed.
  using OpenMethod =
      std::function<admin::OpenedAdminFeed(const std::string& method, const control::Caller& caller,
                                           std::string_view message, std::function<void()> tell)>;
  static constexpr int kMostAtOnce = 32;  // calls under way; more are answered 503

  // Null for `call` and `open`: the admin plane is off, and so is this. `clock` and `registry`
  // outlive it.
  AdminMirror(MirrorDoor::Options door, CallMethod call, OpenMethod open, const Clock& clock,
              metrics::Registry& registry);

  // Everything below /admin.
  bool Takes(std::string_view path) const override;
  void Answer(const http::Request& request, const std::string& from, Reply reply) override;
  bool Streams(const http::Request& request) const override;
  // A feed goes before this. Who may call is looked at again and again: a token that is taken back
  // ends it, with an error for its last line. What changes anything has a place of its own.
  tl::expected<std::unique_ptr<pages::LineFeed>, http::Response> Open(
      http::Request&& request, const std::string& from, bool is_full,
      std::function<void()> tell) override;
  http::Response Refused(int status, std::string_view message) const override;
  bool MayLook(const http::Request& request) const override;

 private:
  // A call that is let in.
  struct Admitted {
    admin::HttpMirror::Found found;
    control::Caller caller;
  };

  std::variant<Admitted, http::Response> LetIn(const http::Request& request,
                                               const std::string& from);
  http::Response AnswerIndex(const http::Request& request, const std::string& from);
  void CallFound(Admitted&& call, const http::Request& request, const Reply& reply);

  const admin::HttpMirror mirror_;
  MirrorDoor door_;
  const CallMethod call_;
  const OpenMethod open_;
  // Shared with replies, which may come when this has gone.
  const std::shared_ptr<std::atomic<int>> under_way_ = std::make_shared<std::atomic<int>>(0);
};

}  // namespace baton::app
