// The Open Inference Protocol as a format of predictions.
#include "server/api/infer.h"

#include <utility>

#include "server/api/infer_request.h"
#include "server/api/infer_response.h"
#include "server/api/model_handler.h"

namespace baton::api {
namespace {

class InferHandler final : public ModelHandler {
 public:
  InferHandler(const models::ModelVersions& versions, std::size_t json_depth)
      : ModelHandler(versions), json_depth_(json_depth) {}

 private:
  Result<ModelRequest> Decode(const std::string& body, const models::ModelInfo&) const override {
    auto request = DecodeInferRequest(body, json_depth_);
    if (!request) return tl::unexpected(std::move(request.error()));
    return ModelRequest{std::move(request->id), request->timeout, std::move(request->inputs),
                        std::move(request->outputs)};
  }

  Result<serve::Outcome> Encode(const models::ModelInfo& model, const ModelRequest& request,
                                std::span<const models::Tensor> outputs) const override {
    auto response = EncodeInferResponse(model, request.id, outputs);
    if (!response) return tl::unexpected(std::move(response.error()));
    return serve::Outcome{std::move(response->body), std::nullopt, response->id_begin,
                          response->id_size};
  }

  Result<std::string> EncodeRequest(std::span<const models::Tensor> inputs) const override {
    return EncodeInferRequest(inputs);
  }

  const std::size_t json_depth_;
};

}  // namespace

std::unique_ptr<serve::Handler> MakeInferHandler(const models::ModelVersions& versions,
                                                 std::size_t json_depth) {
  return std::make_unique<InferHandler>(versions, json_depth);
}

}  // namespace baton::api
