// Names and attributes follow OpenTelemetry's semantic conventions where those have them; the rest
// is called baton.*.
#include "server/trace/span_json.h"

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

#include "server/base/json_writer.h"

namespace baton::trace {
namespace {

constexpr int kKindInternal = 1;
constexpr int kKindServer = 2;
constexpr int kStatusError = 2;
constexpr std::uint32_t kSampledFlag = 1;
// Whether the parent is in another process is known, and that it is.
constexpr std::uint32_t kRemoteParentFlags = 0x300;
constexpr std::string_view kRpcService = "inference.GRPCInferenceService";
constexpr std::string_view kRpcMethod = "ModelInfer";
constexpr int kFirstServerError = 500;

constexpr std::array<std::string_view, kStages> kStageNames = {"read", "queue", "batch", "run",
                                                               "write"};

// 64-bit integers are strings in the JSON of protocol buffers.
void WriteWhole(JsonWriter& json, std::string_view key, std::int64_t number) {
  json.Key(key).String(std::to_string(number));
}

class Attributes {
 public:
  explicit Attributes(JsonWriter& json) : json_(json) { json_.Key("attributes").BeginArray(); }
  ~Attributes() { json_.EndArray(); }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;

  void Text(std::string_view key, std::string_view text) {
    if (text.empty()) return;
    Begin(key).Key("stringValue").String(text);
    End();
  }
  void Whole(std::string_view key, std::int64_t number) {
    Begin(key);
    WriteWhole(json_, "intValue", number);
    End();
  }
  void Real(std::string_view key, double number) {
    Begin(key).Key("doubleValue").Number(number);
    End();
  }

 private:
  JsonWriter& Begin(std::string_view key) {
    return json_.BeginObject().Key("key").String(key).Key("value").BeginObject();
  }
  void End() { json_.EndObject().EndObject(); }

  JsonWriter& json_;
};

struct Span {
  SpanId id;
  SpanId parent;
  bool has_remote_parent;
  std::string_view name;
  int kind;
  std::int64_t from;
  std::int64_t until;
};

// The object is left open.
void BeginSpan(JsonWriter& json, const TraceContext& trace, const Span& span) {
  json.BeginObject();
  json.Key("traceId").String(ToText(trace.trace_id));
  json.Key("spanId").String(ToText(span.id));
  if (!trace.state.empty()) json.Key("traceState").String(trace.state);
  if (span.parent != SpanId::kNone) json.Key("parentSpanId").String(ToText(span.parent));
  const std::uint32_t remote = span.has_remote_parent ? kRemoteParentFlags : 0x100;
  json.Key("flags").Number(remote | (trace.is_sampled ? kSampledFlag : 0));
  json.Key("name").String(span.name);
  json.Key("kind").Number(span.kind);
  WriteWhole(json, "startTimeUnixNano", span.from);
  WriteWhole(json, "endTimeUnixNano", span.until);
}

std::string NameOf(const FinishedRequest& request) {
  if (request.ask.is_grpc) return std::string(kRpcService) + "/" + std::string(kRpcMethod);
  const std::string_view method = request.ask.method == kOtherMethod ? "HTTP" : request.ask.method;
  return std::string(method) + " " + std::string(request.endpoint);
}

// By the conventions a client's fault is no error of the server's.
bool IsError(const FinishedRequest& request) {
  return request.is_miss || (!request.ask.is_grpc && request.status >= kFirstServerError);
}

void WriteHttp(const FinishedRequest& request, Attributes& attributes) {
  attributes.Text("http.request.method", request.ask.method);
  attributes.Text("url.path", request.ask.path.text());
  attributes.Text("url.scheme", request.ask.is_secured ? "https" : "http");
  if (request.status != 0) attributes.Whole("http.response.status_code", request.status);
}

void WriteRpc(const FinishedRequest& request, Attributes& attributes) {
  attributes.Text("rpc.system", "grpc");
  attributes.Text("rpc.service", kRpcService);
  attributes.Text("rpc.method", kRpcMethod);
  attributes.Whole("rpc.grpc.status_code", request.grpc_status);
}

void WriteAttributes(const FinishedRequest& request, JsonWriter& json) {
  Attributes attributes(json);
  if (request.ask.is_grpc) {
    WriteRpc(request, attributes);
  } else {
    WriteHttp(request, attributes);
  }
  attributes.Text("baton.endpoint", request.endpoint);
  attributes.Text("baton.version", request.version);
  attributes.Text("baton.answer", request.answer);
  attributes.Text("baton.cause", request.cause);
  attributes.Text("baton.criticality", request.criticality);
  if (request.has_budget) attributes.Real("baton.budget_ms", ToMillis(request.budget));
  if (IsError(request)) {
    attributes.Text("error.type", request.cause.empty() ? request.answer : request.cause);
  }
}

}  // namespace

SpanMessage::SpanMessage(const Resource& resource, const WallClock& clock) : clock_(clock) {
  JsonWriter json(text_);
  json.BeginObject().Key("resourceSpans").BeginArray().BeginObject();
  json.Key("resource").BeginObject();
  {
    Attributes attributes(json);
    attributes.Text("service.name", resource.service);
    attributes.Text("service.version", BATON_VERSION);
    attributes.Text("service.instance.id", resource.instance);
    attributes.Text("host.name", resource.host);
    attributes.Text("telemetry.sdk.name", "baton");
    attributes.Text("telemetry.sdk.language", "cpp");
    attributes.Text("telemetry.sdk.version", BATON_VERSION);
  }
  json.EndObject();
  json.Key("scopeSpans").BeginArray().BeginObject();
  json.Key("scope").BeginObject();
  json.Key("name").String("baton").Key("version").String(BATON_VERSION).EndObject();
  json.Key("spans").BeginArray();
}

void SpanMessage::Add(const FinishedRequest& request) {
  AddSpan(request);
  SteadyTime from = request.arrival;
  for (std::size_t i = 0; i < kStages; ++i) {
    const Stage stage{static_cast<int>(i)};
    if (request.stages.HasSpan(stage)) AddStage(request, stage, from);
    from += request.stages.Of(stage);
  }
}

std::string SpanMessage::Finish() {
  text_ += "]}]}]}";
  return std::move(text_);
}

void SpanMessage::AddSpan(const FinishedRequest& request) {
  if (spans_++ > 0) text_ += ',';
  SteadyTime until = request.arrival;
  for (const Duration stage : request.stages.times) until += stage;
  JsonWriter json(text_);
  const bool has_caller = request.trace.parent != SpanId::kNone;
  BeginSpan(json, request.trace,
            {request.trace.span, request.trace.parent, has_caller, NameOf(request), kKindServer,
             clock_.UnixNanos(request.arrival), clock_.UnixNanos(until)});
  WriteAttributes(request, json);
  if (IsError(request)) {
    json.Key("status").BeginObject().Key("code").Number(kStatusError);
    if (!request.cause.empty()) json.Key("message").String(request.cause);
    json.EndObject();
  }
  json.EndObject();
}

void SpanMessage::AddStage(const FinishedRequest& request, Stage stage, SteadyTime from) {
  ++spans_;
  text_ += ',';
  JsonWriter json(text_);
  BeginSpan(
      json, request.trace,
      {NewSpanId(), request.trace.span, false, kStageNames[static_cast<std::size_t>(stage)],
       kKindInternal, clock_.UnixNanos(from), clock_.UnixNanos(from + request.stages.Of(stage))});
  if (stage == Stage::kBatch) {
    Attributes attributes(json);
    attributes.Whole("baton.batch.size", request.stages.batch_size);
  }
  json.EndObject();
}

}  // namespace baton::trace
