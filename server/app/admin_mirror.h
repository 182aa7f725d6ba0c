// The admin API on the pages' listener: HTTP in front of the methods that gRPC's clients call.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "admin/service/admin_method.h"
#include "admin/service/http_mirror.h"
#include "server/app/mirror_door.h"
#include "server/base/clock.h"
#include "server/control/caller.h"
#include "server/metrics/registry.h"
#include "server/pages/mirror.h"

namespace baton::app {

// Threads: the pages'; the methods are called, and their answers written, on the admin plane's.
class AdminMirror final : public pages::Mirror {
 public:
  // Calls a method by its name with its serialized request; replies on any thread, later.
  using CallMethod = std::function<void(std::string method, control::Caller caller,
                                        std::string message, admin::AdminReply reply)>;
  static constexpr int kMostAtOnce = 32;  // calls under way; more are answered 503

  // Null for `call`: the admin plane is off, and so is this. `clock` and `registry` outlive it.
  AdminMirror(MirrorDoor::Options door, CallMethod call, const Clock& clock,
              metrics::Registry& registry);

  // Everything below /admin.
  bool Takes(std::string_view path) const override;
  void Answer(const http::Request& request, const std::string& from, Reply reply) override;
  http::Response Refused(int status, std::string_view message) const override;
  bool MayLook(const http::Request& request) const override;

 private:
  http::Response AnswerIndex(const http::Request& request, const std::string& from);
  void CallFound(const admin::HttpMirror::Found& found, const http::Request& request,
                 control::Caller caller, const Reply& reply);

  const admin::HttpMirror mirror_;
  MirrorDoor door_;
  const CallMethod call_;
  // Shared with replies, which may come when this has gone.
  const std::shared_ptr<std::atomic<int>> under_way_ = std::make_shared<std::atomic<int>>(0);
};

}  // namespace baton::app
