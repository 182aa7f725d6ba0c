// Rows as a format of predictions.
#include "server/api/predict.h"

#include <utility>

#include "server/api/model_handler.h"
#include "server/api/predict_rows.h"

namespace baton::api {
namespace {

class PredictHandler final : public ModelHandler {
 public:
  PredictHandler(const models::ModelVersions& versions, std::size_t json_depth)
      : ModelHandler(versions), json_depth_(json_depth) {}

 private:
  Result<ModelRequest> Decode(const std::string& body,
                              const models::ModelInfo& model) const override {
    auto rows = DecodeInstances(body, model, json_depth_);
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

  Result<std::string> EncodeRequest(std::span<const models::Tensor> inputs) const override {
    return EncodeInstances(inputs);
  }

  const std::size_t json_depth_;
};

}  // namespace

std::unique_ptr<serve::Handler> MakePredictHandler(const models::ModelVersions& versions,
                                                   std::size_t json_depth) {
  return std::make_unique<PredictHandler>(versions, json_depth);
}

}  // namespace baton::api
