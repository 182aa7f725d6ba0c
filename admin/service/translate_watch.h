// A sample of what the server does, as the admin schema tells of it.
#pragma once

#include "server/control/status_sample.h"

namespace baton::admin::v1 {
class StatusUpdate;
}  // namespace baton::admin::v1

namespace baton::admin {

void Fill(const control::StatusSample& sample, v1::StatusUpdate& update);

}  // namespace baton::admin
