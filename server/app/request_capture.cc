// Secrets are left out where the copy is made: they are never kept.
#include "server/app/request_capture.h"

#include <charconv>
#include <chrono>
#include <string>
#include <utility>

#include "server/control/secret_names.h"

namespace baton::app {
namespace {

constexpr std::string_view kInferTarget = "/inference.GRPCInferenceService/ModelInfer";

void AddHeader(std::string_view name, std::string_view value, control::CapturedRequest& captured) {
  captured.headers.push_back(
      {std::string(name), std::string(control::IsSecretName(name) ? control::kRedacted : value)});
}

std::unique_ptr<control::CapturedRequest> Begin(const control::Captures::Place& place,
                                                std::string_view body,
                                                const RequestRecord& record) {
  auto captured = std::make_unique<control::CapturedRequest>();
  captured->capture = place.capture;
  captured->endpoint = record.endpoint->name;
  captured->trace_id = ToText(record.trace.trace_id);
  captured->body = body.substr(0, place.body_bytes);
  captured->body_bytes = body.size();
  return captured;
}

// How long the body is, as far as its head says where nobody has read it.
std::uint64_t BodyBytesOf(const http::Request& request) {
  if (!request.has_body || !request.body.empty()) return request.body.size();
  const auto length = request.Header("Content-Length");
  if (!length) return 1;  // chunked: not known, but not what is kept
  std::uint64_t bytes = 0;
  const char* const end = length->data() + length->size();
  return std::from_chars(length->data(), end, bytes).ec == std::errc() ? bytes : 1;
}

}  // namespace

void CaptureRequest(control::Captures* captures, const http::Request& request,
                    RequestRecord& record) {
  if (captures == nullptr || !captures->IsRunning()) return;
  // As long as it can get, with secrets replaced and characters encoded.
  const std::size_t text_bytes = request.head.size() + 3 * request.target.size() +
                                 request.headers.size() * control::kRedacted.size();
  const std::size_t head = control::HeadBytesOf(request.headers.size(), text_bytes);
  const auto place = captures->TakePlace(record.endpoint->name, head, request.body.size());
  if (!place) return;
  record.captured = Begin(*place, request.body, record);
  record.captured->body_bytes = BodyBytesOf(request);
  record.captured->protocol = "http";
  record.captured->method = ToText(request.method);
  record.captured->target = control::WithoutSecrets(request.target);
  const std::string_view text = request.head;
  for (const http::Request::HeaderField& field : request.headers) {
    AddHeader(text.substr(field.name_at, field.name_size),
              text.substr(field.value_at, field.value_size), *record.captured);
  }
}

void CaptureCall(control::Captures* captures, const api::InferCall& call, std::string_view body,
                 RequestRecord& record) {
  if (captures == nullptr || !captures->IsRunning()) return;
  std::size_t headers = 0;
  std::size_t text = kInferTarget.size();
  call.ForEachMetadata([&](std::string_view name, std::string_view value) {
    ++headers;
    text += name.size() + value.size() + control::kRedacted.size();
  });
  const auto place =
      captures->TakePlace(record.endpoint->name, control::HeadBytesOf(headers, text), body.size());
  if (!place) return;
  record.captured = Begin(*place, body, record);
  record.captured->protocol = "grpc";
  record.captured->method = "POST";
  record.captured->target = kInferTarget;
  call.ForEachMetadata([&](std::string_view name, std::string_view value) {
    AddHeader(name, value, *record.captured);
  });
}

void EndCapture(control::Captures& captures, const RequestRecord& record, SteadyTime done) {
  control::CapturedRequest& captured = *record.captured;
  captured.request_id = static_cast<std::uint64_t>(record.id);
  captured.spent = done - record.deadline.arrival();
  const auto arrived = std::chrono::system_clock::now() - captured.spent;
  captured.arrived_unix_ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(arrived.time_since_epoch()).count();
  if (record.version) captured.version = record.version->number();
  if (record.has_budget) captured.budget = record.deadline.budget();
  captured.answer = ToText(record.answer);
  if (record.cause != serve::Cause::kNone) captured.cause = ToText(record.cause);
  captures.Add(std::move(captured));
}

}  // namespace baton::app
