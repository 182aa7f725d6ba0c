// A captured request as one line of JSON, which jq and curl can make the same request of.
#pragma once

#include <string>

#include "baton/admin/v1/capture.pb.h"

namespace baton::ctl {

// With its newline. The body is the text `body` where it is UTF-8, else `body_base64`; both are
// absent where there was none. `headers` is an array of [name, value].
std::string CaptureLine(const admin::v1::CapturedRequest& request);

// "kept 12 requests (4096 bytes); its time is up", of the last message.
std::string CaptureSummary(const admin::v1::CaptureProgress& progress);

}  // namespace baton::ctl
