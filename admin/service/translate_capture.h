// Captures, as the admin schema tells of them.
#pragma once

#include "server/base/result.h"
#include "server/control/captures.h"

namespace baton::admin::v1 {
class CaptureRequestsRequest;
class CaptureRequestsResponse;
}  // namespace baton::admin::v1

namespace baton::admin {

// kInvalidArgument for what no capture can be asked for.
Result<control::CaptureAsk> ToAsk(const v1::CaptureRequestsRequest& request);

void Fill(const control::CaptureReader::News& news, v1::CaptureRequestsResponse& response);

}  // namespace baton::admin
