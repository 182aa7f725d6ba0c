// What clients have sent is any bytes: what comes out is always JSON.
#include "admin/ctl/capture_line.h"

#include <string_view>

#include "server/base/json_writer.h"

namespace baton::ctl {
namespace {

namespace v1 = admin::v1;

// RFC 4648, with padding.
std::string Base64(std::string_view bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::string_view three = bytes.substr(at, 3);
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      bits = bits << 8U | (i < three.size() ? static_cast<unsigned char>(three[i]) : 0U);
    }
    for (std::size_t i = 0; i < 4; ++i) {
      text += i <= three.size() ? kDigits[bits >> (18 - 6 * i) & 63U] : '=';
    }
  }
  return text;
}

std::string_view WordOf(v1::CaptureProtocol protocol) {
  return protocol == v1::CAPTURE_PROTOCOL_GRPC ? "grpc" : "http";
}

std::string_view ReasonOf(v1::CaptureEnd end) {
  switch (end) {
    case v1::CAPTURE_END_DURATION: return "its time is up";
    case v1::CAPTURE_END_REQUESTS: return "as many as were asked for";
    case v1::CAPTURE_END_BYTES: return "as many bytes as were asked for";
    case v1::CAPTURE_END_DRAINING: return "the server is on its way out";
    default: return "the server has ended it";
  }
}

}  // namespace

std::string CaptureLine(const v1::CapturedRequest& request) {
  std::string line;
  JsonWriter json(line);
  json.BeginObject();
  json.Key("arrived_unix_ms").Number(request.arrived_unix_ms());
  json.Key("request_id").Number(request.request_id());
  json.Key("trace_id").String(request.trace_id());
  const std::string& endpoint = request.endpoint();
  json.Key("endpoint").String(endpoint.substr(endpoint.find('/') + 1));
  json.Key("version").String(request.version());
  json.Key("protocol").String(WordOf(request.protocol()));
  json.Key("method").String(request.method());
  json.Key("target").String(request.target());
  json.Key("headers").BeginArray();
  for (const v1::CapturedHeader& header : request.headers()) {
    json.BeginArray().String(header.name()).String(header.value()).EndArray();
  }
  json.EndArray();
  if (!request.body().empty()) {
    const bool is_text = IsUtf8(request.body());
    if (is_text) json.Key("body").String(request.body());
    if (!is_text) json.Key("body_base64").String(Base64(request.body()));
  }
  json.Key("body_bytes").Number(request.body_bytes());
  json.Key("is_whole").Bool(request.body().size() == request.body_bytes());
  json.Key("budget_ms").Number(request.budget_ms());
  json.Key("answer").String(request.answer());
  json.Key("cause").String(request.cause());
  json.Key("spent_ms").Number(request.spent_ms());
  json.EndObject();
  return line + '\n';
}

std::string CaptureSummary(const v1::CaptureProgress& progress) {
  std::string text = "kept " + std::to_string(progress.kept()) + " requests (" +
                     std::to_string(progress.kept_bytes()) + " bytes); ";
  text += ReasonOf(progress.ended());
  const auto add = [&text](std::uint64_t count, std::string_view what) {
    if (count > 0) text += "; " + std::to_string(count) + std::string(what);
  };
  add(progress.unanswered(), " had no answer yet, and are not there");
  add(progress.left_out(), " came when no more could be kept");
  return text;
}

}  // namespace baton::ctl
