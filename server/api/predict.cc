// Rows as a format of predictions.
#include "server/api/predict.h"

#include <utility>

#include "server/api/model_handler.h"
#include "server/api/predict_rows.h"

namespace baton::api {
namespace {

class PredictHandler final : public ModelHandler {
 public:
  PredictHandler(HandledModel handled, std::size_t json_depth)
      : ModelHandler(std::move(handled)), json_depth_(json_depth) {}

 private:
  Result<ModelRequest> Decode(const serve::Call& call,
                              const models::ModelInfo& model) const override {
    auto rows = DecodeInstances(call.body, model, json_depth_);
    if (!rows) return tl::unexpected(std::move(rows.error()));
    ModelRequest request;
    request.inputs = std::move(rows->inputs);
    request.instances = rows->count;
    return request;
  }

  Result<serve::Outcome> Encode(const models::ModelInfo&, const ModelRequest& request,
                                std::span<const models::Tensor> outputs) const override {
    auto body = EncodePredictions(outputs, request.instances);
    if (!body) return tl::unexpected(std::move(body.error()));
    return serve::Outcome{std::move(*body), std::nullopt};
  }

  Result<serve::Call> EncodeRequest(std::span<const models::Tensor> inputs) const override {
    const auto text = EncodeInstances(inputs);
    if (!text) return tl::unexpected(text.error());
    return serve::Call{PaddedCopy(*text), {}};
  }

  const std::size_t json_depth_;
};

}  // namespace

std::unique_ptr<serve::Handler> MakePredictHandler(HandledModel handled, std::size_t json_depth) {
  return std::make_unique<PredictHandler>(std::move(handled), json_depth);
}

}  // namespace baton::api
