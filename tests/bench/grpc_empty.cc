// The least that a gRPC server can do with gRPC's asynchronous interface: one thread that answers
// every ModelInfer, unread, with the same bytes. The bar for ours.
#include <cstdio>
#include <memory>
#include <string>

#include "inference/grpc_service.grpc.pb.h"
#include <grpcpp/grpcpp.h>

namespace {

using Service = inference::GRPCInferenceService::WithRawMethod_ModelInfer<
    inference::GRPCInferenceService::Service>;

constexpr int kRequestedCalls = 64;

class Call {
 public:
  Call(Service& service, grpc::ServerCompletionQueue& queue) : service_(service), queue_(queue) {
    service_.RequestModelInfer(&context_, &request_, &responder_, &queue_, &queue_, this);
  }

  void Proceed(bool ok, const grpc::ByteBuffer& answer) {
    if (!ok || is_answered_) {
      delete this;
      return;
    }
    static_cast<void>(new Call(service_, queue_));
    is_answered_ = true;
    responder_.Finish(answer, grpc::Status(), this);
  }

 private:
  Service& service_;
  grpc::ServerCompletionQueue& queue_;
  grpc::ServerContext context_;
  grpc::ByteBuffer request_;
  grpc::ServerAsyncResponseWriter<grpc::ByteBuffer> responder_{&context_};
  bool is_answered_ = false;
};

}  // namespace

int main() {
  inference::ModelInferResponse response;
  response.set_model_name("tumour");
  response.set_model_version("1");
  response.add_raw_output_contents(std::string(16, 'x'));
  const grpc::Slice slice(response.SerializeAsString());
  const grpc::ByteBuffer answer(&slice, 1);

  Service service;
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  const auto queue = builder.AddCompletionQueue();
  const auto server = builder.BuildAndStart();
  if (server == nullptr) return 1;
  std::printf("ready grpc=127.0.0.1:%d\n", port);
  std::fflush(stdout);
  for (int i = 0; i < kRequestedCalls; ++i) static_cast<void>(new Call(service, *queue));
  void* tag = nullptr;
  bool ok = false;
  while (queue->Next(&tag, &ok)) static_cast<Call*>(tag)->Proceed(ok, answer);
  return 0;
}
