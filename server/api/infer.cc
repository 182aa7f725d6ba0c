// The way of an inference through a worker.
#include "server/api/infer.h"

#include <utility>

#include "server/api/infer_request.h"
#include "server/api/infer_response.h"
#include "server/api/metadata.h"

namespace baton::api {
namespace {

class InferHandler final : public serve::Handler {
 public:
  explicit InferHandler(const models::ModelVersions& versions) : versions_(versions) {}

  serve::Outcome Handle(const serve::Call& call, serve::RunContext& context) const override {
    Result<std::string> body = Run(call, context);
    if (!body) return {{}, std::move(body.error())};
    return {std::move(*body), std::nullopt};
  }

 private:
  Result<std::string> Run(const serve::Call& call, serve::RunContext& context) const {
    const auto model = ChooseModel(versions_, call.model_version);
    if (!model) return tl::unexpected(model.error());
    auto request = DecodeInferRequest(call.body);
    if (!request) return tl::unexpected(std::move(request.error()));
    const bool has_time = !request->timeout || context.ShortenBudget(*request->timeout);
    if (!has_time || context.expired()) {
      return Fail(ErrorCode::kDeadlineExceeded, "the budget ran out before the model could run");
    }
    auto outputs = (*model)->Predict(request->inputs, request->outputs);
    if (!outputs) return tl::unexpected(std::move(outputs.error()));
    return EncodeInferResponse((*model)->info(), request->id, *outputs);
  }

  const models::ModelVersions& versions_;
};

}  // namespace

std::unique_ptr<serve::Handler> MakeInferHandler(const models::ModelVersions& versions) {
  return std::make_unique<InferHandler>(versions);
}

}  // namespace baton::api
