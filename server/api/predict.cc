// The way of a predict request through a worker.
#include "server/api/predict.h"

#include <utility>

#include "server/api/metadata.h"
#include "server/api/predict_rows.h"

namespace baton::api {
namespace {

class PredictHandler final : public serve::Handler {
 public:
  explicit PredictHandler(const models::ModelVersions& versions) : versions_(versions) {}

  serve::Outcome Handle(const serve::Call& call, serve::RunContext& context) const override {
    Result<std::string> body = Run(call, context);
    if (!body) return {{}, std::move(body.error())};
    return {std::move(*body), std::nullopt};
  }

 private:
  Result<std::string> Run(const serve::Call& call, serve::RunContext& context) const {
    const auto model = ChooseModel(versions_, call.model_version);
    if (!model) return tl::unexpected(model.error());
    auto rows = DecodeInstances(call.body, (*model)->info());
    if (!rows) return tl::unexpected(std::move(rows.error()));
    if (context.expired()) {
      return Fail(ErrorCode::kDeadlineExceeded, "the budget ran out before the model could run");
    }
    const auto outputs = (*model)->Predict(rows->inputs, {});
    if (!outputs) return tl::unexpected(outputs.error());
    return EncodePredictions(*outputs, rows->count);
  }

  const models::ModelVersions& versions_;
};

}  // namespace

std::unique_ptr<serve::Handler> MakePredictHandler(const models::ModelVersions& versions) {
  return std::make_unique<PredictHandler>(versions);
}

}  // namespace baton::api
