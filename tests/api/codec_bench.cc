// How long the bodies take: nanoseconds each, the fastest of several runs.
#include <chrono>
#include <cstdio>
#include <stop_token>
#include <string>
#include <string_view>

#include "server/api/answer_response.h"
#include "server/api/body_scan.h"
#include "server/api/infer_request.h"
#include "server/api/infer_response.h"
#include "server/api/refusal_text.h"
#include "server/api/reverse.h"
#include "server/base/check.h"
#include "server/models/bundled.h"
#include "server/models/model_source.h"
#include "server/serve/handler.h"

namespace baton::api {
namespace {

constexpr int kRuns = 7;

template <typename Work>
void Measure(std::string_view name, int times, const Work& work) {
  double best_ns = 0;
  for (int run = 0; run < kRuns; ++run) {
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < times; ++i) work();
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begin;
    const double ns = took.count() / times;
    if (run == 0 || ns < best_ns) best_ns = ns;
  }
  std::printf("%-44.*s %9.0f ns\n", static_cast<int>(name.size()), name.data(), best_ns);
}

std::string Padded(std::string_view text) {
  std::string body;
  body.reserve(text.size() + serve::kBodyPadding);
  body = text;
  return body;
}

class NoContext final : public serve::RunContext {
 public:
  Deadline deadline() const override { return {}; }
  bool expired() const override { return false; }
  bool ShortenBudget(Duration) override { return true; }
};

void MeasureReverse(std::string_view name, std::string_view text, int times) {
  NoContext context;
  const serve::Call call{Padded(text), {}};
  const auto handler = MakeReverseHandler();
  Measure(name, times, [&] { BATON_CHECK(!handler->Handle(call, context).error); });
}

std::string Numbers(std::size_t count) {
  std::string text = R"({"inputs":[{"name":"x","datatype":"FP32","shape":[)" +
                     std::to_string(count) + R"(],"data":[0.125)";
  for (std::size_t i = 1; i < count; ++i) text += ",0." + std::to_string(i * 7919 % 100'000);
  return text + R"(]}]})";
}

void MeasureInfer(std::string_view name, const std::string& body, int times) {
  const auto decode = [&] {
    auto request = DecodeInferRequest(body);
    BATON_CHECK(request.has_value());
    return std::move(*request);
  };
  const InferRequest request = decode();
  const models::ModelInfo info{"tumour", "1", "onnxruntime_onnx", {}, {}};
  const auto encode = [&] {
    BATON_CHECK(EncodeInferResponse(info, request.id, request.inputs).has_value());
  };
  models::Tensor small{"probability", models::DataType::kFp32, {1, 2}, {}, {}};
  small.raw.resize(8);
  small.As<float>()[0] = 0.98765433F;
  small.As<float>()[1] = 0.01234567F;
  std::printf("%.*s, %zu bytes\n", static_cast<int>(name.size()), name.data(), body.size());
  Measure("  scan", times, [&] { BATON_CHECK(!ScanBody(body).timeout); });
  Measure("  decode", times, decode);
  Measure("  encode as many floats", times, encode);
  Measure("  encode two floats", times, [&] {
    BATON_CHECK(EncodeInferResponse(info, request.id, {&small, 1}).has_value());
  });
}

void MeasureRaw(std::int64_t count) {
  models::Tensor tensor{"x", models::DataType::kFp32, {count}, {}, {}};
  tensor.raw.resize(static_cast<std::size_t>(count) * sizeof(float));
  const models::ModelInfo info{"echo", "1", "onnxruntime_onnx", {}, {}};
  auto sent = EncodeInferRequest({&tensor, 1}, true);
  BATON_CHECK(sent && sent->json_bytes);
  // Spaces behind the JSON move the tensor to a place where it is aligned, and to one where it is
  // not.
  for (const bool is_aligned : {true, false}) {
    std::string json = sent->text.substr(0, *sent->json_bytes);
    while ((json.size() % sizeof(float) == 0) != is_aligned) json += ' ';
    const std::string body = Padded(json + sent->text.substr(*sent->json_bytes));
    const auto decode = [&] {
      auto request = DecodeInferRequest(body, json.size(), info);
      BATON_CHECK(request && request->inputs[0].raw.is_borrowed() == is_aligned);
      return std::move(*request);
    };
    const InferRequest request = decode();
    std::printf("%lld raw floats, %s\n", static_cast<long long>(count),
                is_aligned ? "aligned" : "not aligned");
    Measure("  decode", 1'000, decode);
    Measure("  encode as many", 1'000, [&] {
      BATON_CHECK(EncodeInferResponse(info, {}, request.inputs, request.forms).has_value());
    });
  }
}

// What being ready to stop adds to a run.
void MeasureRun() {
  const models::ModelSource source({});
  const models::RepositoryScan scan = source.Scan();
  const models::ScannedModel& tumour = *models::FindModel(scan, "tumour");
  const auto loaded = source.Load(tumour, tumour.versions.front());
  if (!loaded) {
    std::printf("no runs: %s\n", loaded.error().message.c_str());
    return;
  }
  const models::Model& model = **loaded;
  const auto request = DecodeInferRequest(Padded(models::BundledSample("tumour")));
  BATON_CHECK(request.has_value());
  const std::stop_source stopper;
  const std::stop_token none;
  const std::stop_token stop = stopper.get_token();
  const auto run = [&](const std::stop_token& token) {
    BATON_CHECK(model.Predict(request->inputs, {}, token).has_value());
  };
  Measure("tumour, a run that nobody can stop", 5'000, [&] { run(none); });
  Measure("tumour, a run that can be stopped", 5'000, [&] { run(stop); });
}

// A refusal made for itself, and as a copy.
void MeasureRefusal() {
  AnswerView view;
  view.answer = serve::Answer::kRefused;
  view.cause = serve::Cause::kNoTime;
  view.granted_budget = 50ms;
  const RefusalText text(view.answer, view.cause);
  Measure("refusal, made", 300'000, [&] { BATON_CHECK(MakeResponse(view, {}).status == 503); });
  Measure("refusal, copied", 300'000,
          [&] { BATON_CHECK(text.Make(view.granted_budget, view.retry_after).status == 503); });
}

void MeasureAll() {
  MeasureRun();
  MeasureRefusal();
  MeasureReverse("reverse, one string", R"({"data":["Hello, World"]})", 300'000);
  MeasureReverse("reverse, one string beyond ASCII", R"({"data":["Grüße aus Köln 😀"]})", 300'000);
  MeasureReverse("reverse, 16 KiB", R"({"data":[")" + std::string(16384, 'a') + R"("]})", 5'000);
  MeasureInfer("30 features", Padded(models::BundledSample("tumour")), 100'000);
  MeasureInfer("3x224x224", Padded(Numbers(3 * 224 * 224)), 10);
  MeasureRaw(std::int64_t{3} * 224 * 224);
}

}  // namespace
}  // namespace baton::api

int main() { baton::api::MeasureAll(); }
