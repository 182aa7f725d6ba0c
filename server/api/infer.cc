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
  InferHandler(HandledModel handled, std::size_t json_depth)
      : ModelHandler(std::move(handled)), json_depth_(json_depth) {}

 private:
  Result<ModelRequest> Decode(const serve::Call& call,
                              const models::ModelInfo& model) const override {
    auto request = DecodeInferRequest(call.body, call.json_bytes, model, json_depth_);
    if (!request) return tl::unexpected(std::move(request.error()));
    return ModelRequest{std::move(request->id), request->timeout, std::move(request->inputs),
                        std::move(request->outputs), std::move(request->forms)};
  }

  Result<serve::Outcome> Encode(const models::ModelInfo& model, const ModelRequest& request,
                                std::span<const models::Tensor> outputs) const override {
    auto response = EncodeInferResponse(model, request.id, outputs, request.forms);
    if (!response) return tl::unexpected(std::move(response.error()));
    serve::Outcome outcome{std::move(response->text), std::nullopt, response->id_begin,
                           response->id_size};
    outcome.json_bytes = response->json_bytes;
    return outcome;
  }

  Result<serve::Call> EncodeRequest(std::span<const models::Tensor> inputs) const override {
    auto request = EncodeInferRequest(inputs);
    if (!request) return tl::unexpected(std::move(request.error()));
    serve::Call call{PaddedCopy(request->text), {}};
    call.json_bytes = request->json_bytes;
    return call;
  }

  const std::size_t json_depth_;
};

}  // namespace

std::unique_ptr<serve::Handler> MakeInferHandler(HandledModel handled, std::size_t json_depth) {
  return std::make_unique<InferHandler>(std::move(handled), json_depth);
}

}  // namespace baton::api
