// The books about admin calls: every answered one is counted, and those that stay open can be
// ended.
#include "admin/service/rpc_book.h"

#include <algorithm>
#include <string>
#include <utility>

#include <google/protobuf/descriptor.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/support/server_interceptor.h>

#include "admin/service/status_mapping.h"

namespace baton::admin {
namespace {

using grpc::experimental::InterceptionHookPoints;
using grpc::experimental::Interceptor;
using grpc::experimental::InterceptorBatchMethods;
using grpc::experimental::ServerInterceptorFactoryInterface;
using grpc::experimental::ServerRpcInfo;

// "GetPool" out of "/baton.admin.v1.AdminService/GetPool"; empty for what no linked schema has.
std::string MethodName(std::string path) {
  if (path.empty()) return {};
  path.erase(0, 1);
  std::replace(path.begin(), path.end(), '/', '.');
  const auto* method = google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(path);
  return method != nullptr ? method->name() : std::string();
}

}  // namespace

class RpcBook::CallCounter final : public Interceptor {
 public:
  CallCounter(RpcBook& book, std::string method)
      : book_(book), method_(std::move(method)), began_(book.clock_.Now()) {}

  void Intercept(InterceptorBatchMethods* methods) override {
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_STATUS)) {
      const int code = methods->GetSendStatus().error_code();
      book_.control_.CountRpc(method_, std::string(GrpcCodeName(code)),
                              book_.clock_.Now() - began_);
    }
    methods->Proceed();
  }

 private:
  RpcBook& book_;
  const std::string method_;
  const SteadyTime began_;
};

// Lives exactly as long as its call does.
class RpcBook::OpenStream final : public Interceptor {
 public:
  OpenStream(RpcBook& book, const grpc::ServerContextBase* context)
      : book_(book), context_(context) {
    MutexLock lock(book_.mutex_);
    book_.streams_.insert(context_);
  }
  ~OpenStream() override {
    MutexLock lock(book_.mutex_);
    book_.streams_.erase(context_);
  }

  // Must not lock: EndStreams comes by here, through TryCancel.
  void Intercept(InterceptorBatchMethods* methods) override { methods->Proceed(); }

 private:
  RpcBook& book_;
  const grpc::ServerContextBase* const context_;
};

class RpcBook::Factory final : public ServerInterceptorFactoryInterface {
 public:
  explicit Factory(RpcBook& book) : book_(book) {}

  Interceptor* CreateServerInterceptor(ServerRpcInfo* info) override {
    if (info->type() != ServerRpcInfo::Type::UNARY) {
      return new OpenStream(book_, info->server_context());
    }
    std::string method = MethodName(info->method());
    return method.empty() ? nullptr : new CallCounter(book_, std::move(method));
  }

 private:
  RpcBook& book_;
};

std::unique_ptr<ServerInterceptorFactoryInterface> RpcBook::MakeInterceptorFactory() {
  return std::make_unique<Factory>(*this);
}

void RpcBook::EndStreams() {
  MutexLock lock(mutex_);
  for (const grpc::ServerContextBase* stream : streams_) stream->TryCancel();
}

}  // namespace baton::admin
