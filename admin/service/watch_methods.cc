// The method that tells of the server second by second.
#include "baton/admin/v1/admin_service.pb.h"

#include "admin/service/admin_method.h"
#include "admin/service/admin_methods.h"
#include "admin/service/translate_watch.h"
#include "server/control/status_feed.h"

namespace baton::admin {
namespace {

// One message of it, the newest: whoever watches asks again when there is another.
Status WatchStatus(const Call& call, const v1::WatchStatusRequest& /*request*/,
                   v1::StatusUpdate& response) {
  Fill(*call.control.status_feed().Newest(), response);
  return {};
}

}  // namespace

void AddWatchMethods(AdminMethods& methods, control::ControlPort& control) {
  methods["WatchStatus"] = AnsweredBy(&WatchStatus, control);
}

}  // namespace baton::admin
