// The gRPC form as a format of predictions.
#include "server/api/grpc/grpc_infer.h"

#include <utility>

#include "server/api/grpc/infer_codec.h"

namespace baton::api {
namespace {

class GrpcInferHandler final : public ModelHandler {
 public:
  using ModelHandler::ModelHandler;

 private:
  Result<ModelRequest> Decode(const serve::Call& call, const models::ModelInfo&) const override {
    return DecodeGrpcRequest(call.body);
  }

  Result<serve::Outcome> Encode(const models::ModelInfo& model, const ModelRequest& request,
                                std::span<const models::Tensor> outputs) const override {
    return EncodeGrpcResponse(model, request.id, outputs, request.forms);
  }

  Result<serve::Call> EncodeRequest(std::span<const models::Tensor> inputs) const override {
    auto message = EncodeGrpcRequest(inputs);
    if (!message) return tl::unexpected(std::move(message.error()));
    serve::Call call;
    call.body = *std::move(message);
    return call;
  }
};

}  // namespace

std::unique_ptr<serve::Handler> MakeGrpcInferHandler(HandledModel handled) {
  return std::make_unique<GrpcInferHandler>(std::move(handled));
}

}  // namespace baton::api
