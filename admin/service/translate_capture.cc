// Captures, as the admin schema tells of them. Text of clients is made valid UTF-8: protobuf takes
// no other.
#include "admin/service/translate_capture.h"

#include <cmath>
#include <cstddef>
#include <string>
#include <utility>

#include "baton/admin/v1/admin_service.pb.h"

#include "admin/messages/endpoint_words.h"
#include "admin/service/translate_endpoint.h"
#include "server/base/json_writer.h"

namespace baton::admin {
namespace {

constexpr double kMostMillis = 1e9;

// Each run of bytes that are no UTF-8 becomes one U+FFFD.
std::string ValidText(std::string_view text) {
  std::string valid;
  bool was_wrong = false;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t size = 1;
    while (size <= 4 && at + size <= text.size() && !IsUtf8(text.substr(at, size))) ++size;
    const bool is_wrong = size > 4 || at + size > text.size();
    if (is_wrong) {
      if (!was_wrong) valid += "\xEF\xBF\xBD";
      ++at;
    } else {
      valid += text.substr(at, size);
      at += size;
    }
    was_wrong = is_wrong;
  }
  return valid;
}

void Fill(const control::CapturedHeader& header, v1::CapturedHeader& told) {
  told.set_name(IsUtf8(header.name) ? header.name : ValidText(header.name));
  if (IsUtf8(header.value)) {
    told.set_value(header.value);
    return;
  }
  told.set_value(ValidText(header.value));
  told.set_raw_value(header.value);
}

void Fill(const control::CapturedRequest& request, v1::CapturedRequest& told) {
  told.set_request_id(request.request_id);
  told.set_trace_id(request.trace_id);
  told.set_arrived_unix_ms(request.arrived_unix_ms);
  told.set_endpoint(std::string(kEndpointPrefix) + request.endpoint);
  told.set_version(request.version);
  told.set_protocol(request.protocol == "grpc" ? v1::CAPTURE_PROTOCOL_GRPC
                                               : v1::CAPTURE_PROTOCOL_HTTP);
  told.set_method(request.method);
  told.set_target(request.target);
  for (const control::CapturedHeader& header : request.headers) Fill(header, *told.add_headers());
  told.set_body(request.body);
  told.set_body_bytes(request.body_bytes);
  told.set_budget_ms(ToMillis(request.budget));
  told.set_answer(request.answer);
  told.set_cause(request.cause);
  told.set_spent_ms(ToMillis(request.spent));
}

v1::CaptureEnd ToEnd(control::CaptureEnd end) {
  switch (end) {
    case control::CaptureEnd::kNone: return v1::CAPTURE_END_UNSPECIFIED;
    case control::CaptureEnd::kDuration: return v1::CAPTURE_END_DURATION;
    case control::CaptureEnd::kRequests: return v1::CAPTURE_END_REQUESTS;
    case control::CaptureEnd::kBytes: return v1::CAPTURE_END_BYTES;
    case control::CaptureEnd::kDraining: return v1::CAPTURE_END_DRAINING;
  }
  return v1::CAPTURE_END_UNSPECIFIED;
}

// Zero means the default, which is there already.
template <typename Number>
Status TakeSize(const char* field, Number given, std::size_t& taken) {
  if (given < 0) return FailValue(field, "0 or more", std::to_string(given));
  if (given > 0) taken = static_cast<std::size_t>(given);
  return {};
}

}  // namespace

Result<control::CaptureAsk> ToAsk(const v1::CaptureRequestsRequest& request) {
  control::CaptureAsk ask;
  if (!request.endpoint().empty()) {
    Result<std::string> name = ToEndpointName(request.endpoint(), "endpoint");
    if (!name) return tl::unexpected<Error>(name.error());
    ask.endpoint = *std::move(name);
  }
  const double millis = request.duration_ms();
  if (!std::isfinite(millis) || std::abs(millis) > kMostMillis) {
    return FailValue("duration_ms", "100 to 600000 (10m)", std::to_string(millis));
  }
  if (millis != 0) ask.duration = Duration(std::llround(millis * 1e6));
  Status right = TakeSize("max_requests", request.max_requests(), ask.most_requests);
  if (right) right = TakeSize("max_bytes", request.max_bytes(), ask.most_bytes);
  if (right && request.has_max_body_bytes()) {
    ask.most_body_bytes = 0;
    right = TakeSize("max_body_bytes", request.max_body_bytes(), ask.most_body_bytes);
  }
  if (right) right = ask.Validate();
  if (!right) return tl::unexpected<Error>(right.error());
  return ask;
}

void Fill(const control::CaptureReader::News& news, v1::CaptureRequestsResponse& response) {
  for (const control::CapturedRequest& request : news.requests) {
    Fill(request, *response.add_requests());
  }
  v1::CaptureProgress& progress = *response.mutable_progress();
  progress.set_kept(news.progress.kept);
  progress.set_kept_bytes(news.progress.kept_bytes);
  progress.set_left_out(news.progress.left_out);
  progress.set_unanswered(news.progress.unanswered);
  progress.set_ended(ToEnd(news.progress.ended));
}

}  // namespace baton::admin
