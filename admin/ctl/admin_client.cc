// One blocking call of the admin service per method, with errors that an operator can act on.
#include "admin/ctl/admin_client.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <chrono>
#include <string_view>
#include <utility>

#include "baton/admin/v1/admin_service.grpc.pb.h"
#include "google/rpc/error_details.pb.h"
#include <grpc/support/log.h>
#include <grpcpp/grpcpp.h>

#include "admin/messages/error_table.h"
#include "server/base/duration_text.h"

namespace baton::ctl {
namespace {

namespace v1 = admin::v1;
using google::longrunning::Operation;
using Stub = v1::AdminService::Stub;

constexpr Duration kTimeToAnswer = 5s;  // beyond the time to wait

// "connection refused" out of gRPC's chain of reasons, of which the last is the one that says
// something.
std::string LastReason(const std::string& message) {
  const std::size_t colon = message.rfind(": ");
  std::string reason = colon == std::string::npos ? message : message.substr(colon + 2);
  if (!reason.empty()) {
    reason[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(reason[0])));
  }
  return reason;
}

// What may be behind a connection that did not come about.
std::string Hint(const std::string& message, const Reach& reach) {
  if (message.find("certificate verify failed") != std::string::npos) {
    return "its certificate is not to be trusted: signed by nobody in --ca, expired, or for "
           "another name";
  }
  if (message.find("WRONG_VERSION_NUMBER") != std::string::npos ||
      message.find("wrong version number") != std::string::npos) {
    return "it does not speak TLS: leave out --ca";
  }
  if (message.find("refused") != std::string::npos ||
      message.find("No such file") != std::string::npos) {
    return "is baton-server running? its admin address is on its ready line";
  }
  if (!reach.speaks_tls && !reach.server.starts_with("unix:")) {
    return "is baton-server running? its admin address is on its ready line; if it speaks TLS, "
           "say --ca FILE";
  }
  if (!reach.speaks_tls) {
    return "is baton-server running? its admin address is on its ready line";
  }
  return reach.certificate.empty()
             ? "it may want a certificate: --certificate FILE and --key FILE"
             : "it may not trust the certificate: signed by nobody in its client_ca, or expired";
}

Error Explain(const grpc::Status& status, const Reach& reach, Duration timeout) {
  const std::string& server = reach.server;
  google::rpc::Status whole;
  const bool has_details =
      !status.error_details().empty() && whole.ParseFromString(status.error_details());
  if (!has_details) whole.set_code(status.error_code());
  whole.set_message(status.error_message());
  Error error = ToError(whole);
  const ErrorCode code = error.code;
  std::string& message = error.message;
  if (code == ErrorCode::kUnavailable) {
    message =
        "cannot reach " + server + ": " + LastReason(message) + " (" + Hint(message, reach) + ")";
  } else if (code == ErrorCode::kDeadlineExceeded) {
    message = "no answer from " + server + " within " + FormatDuration(timeout);
  } else if (code == ErrorCode::kUnsupported) {
    message = server + " does not serve this call: " + message;
  }
  return error;
}

std::shared_ptr<grpc::ChannelCredentials> CredentialsOf(const Reach& reach) {
  if (!reach.speaks_tls) return grpc::InsecureChannelCredentials();
  return grpc::SslCredentials({reach.roots, reach.key, reach.certificate});
}

void SetToken(grpc::ClientContext& context, const Reach& reach) {
  if (!reach.token.empty()) context.AddMetadata("authorization", "Bearer " + reach.token);
}

}  // namespace

struct AdminClient::Connection {
  std::unique_ptr<Stub> stub;
};

AdminClient::AdminClient(Reach reach, Duration timeout)
    : reach_(std::move(reach)), timeout_(timeout), connection_(std::make_unique<Connection>()) {
  // What went wrong is in the status of the call; gRPC's own lines would only stand beside it.
  gpr_set_log_function([](gpr_log_func_args*) {});
  grpc::ChannelArguments arguments;
  // An operator's http_proxy is about the web: through it, 127.0.0.1 would be the proxy's own.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  // Who waits for a server, or watches it being started anew, sees it come within a second.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  connection_->stub = v1::AdminService::NewStub(
      grpc::CreateCustomChannel(reach_.server, CredentialsOf(reach_), arguments));
}

AdminClient::~AdminClient() = default;

template <typename Request, typename Response, typename Method>
Result<Response> AdminClient::Call(Method method, const Request& request) {
  return CallWithin<Request, Response>(timeout_, method, request);
}

template <typename Request, typename Response, typename Method>
Result<Response> AdminClient::CallWithin(Duration time, Method method, const Request& request) {
  grpc::ClientContext context;
  SetToken(context, reach_);
  context.set_deadline(std::chrono::system_clock::now() +
                       std::chrono::duration_cast<std::chrono::system_clock::duration>(time));
  Response response;
  const grpc::Status status = (connection_->stub.get()->*method)(&context, request, &response);
  if (!status.ok()) return tl::unexpected<Error>(Explain(status, reach_, time));
  return response;
}

Result<v1::ServerStatus> AdminClient::GetStatus() {
  return Call<v1::GetStatusRequest, v1::ServerStatus>(&Stub::GetStatus, {});
}

namespace {

class Stream final : public AdminClient::StatusStream {
 public:
  Stream(Stub& stub, const Reach& reach) : reach_(reach) {
    SetToken(context_, reach_);
    reader_ = stub.WatchStatus(&context_, {});
  }

  bool Read(v1::StatusUpdate& update) override { return reader_->Read(&update); }
  Error Finish() override {
    const grpc::Status status = reader_->Finish();
    if (status.ok() || status.error_code() == grpc::StatusCode::CANCELLED) {
      return Error{ErrorCode::kUnavailable, reach_.server + " has ended the watch", {}};
    }
    return Explain(status, reach_, Duration::zero());
  }
  void Cancel() override { context_.TryCancel(); }

 private:
  const Reach reach_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<v1::StatusUpdate>> reader_;  // set once
};

class Capture final : public AdminClient::CaptureStream {
 public:
  Capture(Stub& stub, const Reach& reach, const v1::CaptureRequestsRequest& request, Duration most)
      : reach_(reach), most_(most) {
    SetToken(context_, reach_);
    context_.set_deadline(std::chrono::system_clock::now() +
                          std::chrono::duration_cast<std::chrono::system_clock::duration>(most));
    reader_ = stub.CaptureRequests(&context_, request);
  }

  bool Read(v1::CaptureRequestsResponse& news) override {
    v1::CaptureRequestsResponse next;
    if (!reader_->Read(&next)) return false;
    news = std::move(next);
    return true;
  }
  Status Finish() override {
    const grpc::Status status = reader_->Finish();
    if (status.ok()) return {};
    return tl::unexpected<Error>(Explain(status, reach_, most_));
  }

 private:
  const Reach reach_;
  const Duration most_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<v1::CaptureRequestsResponse>> reader_;  // set once
};

}  // namespace

std::unique_ptr<AdminClient::CaptureStream> AdminClient::CaptureRequests(
    const v1::CaptureRequestsRequest& request) {
  const auto asked = std::chrono::milliseconds(static_cast<std::int64_t>(request.duration_ms()));
  return std::make_unique<Capture>(*connection_->stub, reach_, request, asked + timeout_);
}

std::unique_ptr<AdminClient::StatusStream> AdminClient::WatchStatus() {
  return std::make_unique<Stream>(*connection_->stub, reach_);
}

Result<v1::Pool> AdminClient::GetPool() {
  return Call<v1::GetPoolRequest, v1::Pool>(&Stub::GetPool, {});
}

Result<v1::Pool> AdminClient::UpdatePool(const v1::UpdatePoolRequest& request) {
  return Call<v1::UpdatePoolRequest, v1::Pool>(&Stub::UpdatePool, request);
}

Result<v1::ListEndpointsResponse> AdminClient::ListEndpoints() {
  v1::ListEndpointsResponse all;
  v1::ListEndpointsRequest request;
  do {
    auto page =
        Call<v1::ListEndpointsRequest, v1::ListEndpointsResponse>(&Stub::ListEndpoints, request);
    if (!page) return page;
    request.set_page_token(page->next_page_token());
    page->clear_next_page_token();
    all.MergeFrom(*page);
  } while (!request.page_token().empty());
  return all;
}

Result<v1::Endpoint> AdminClient::GetEndpoint(const std::string& name) {
  v1::GetEndpointRequest request;
  request.set_name("endpoints/" + name);
  return Call<v1::GetEndpointRequest, v1::Endpoint>(&Stub::GetEndpoint, request);
}

Result<v1::Endpoint> AdminClient::UpdateEndpoint(const v1::UpdateEndpointRequest& request) {
  return Call<v1::UpdateEndpointRequest, v1::Endpoint>(&Stub::UpdateEndpoint, request);
}

Result<v1::Endpoint> AdminClient::ResetEstimator(const std::string& name) {
  v1::ResetEstimatorRequest request;
  request.set_name("endpoints/" + name);
  return Call<v1::ResetEstimatorRequest, v1::Endpoint>(&Stub::ResetEstimator, request);
}

Result<v1::ListMissesResponse> AdminClient::ListMisses(const std::string& endpoint, int limit) {
  v1::ListMissesRequest request;
  if (!endpoint.empty()) request.set_endpoint("endpoints/" + endpoint);
  request.set_limit(limit);
  return Call<v1::ListMissesRequest, v1::ListMissesResponse>(&Stub::ListMisses, request);
}

Result<v1::ListModelsResponse> AdminClient::ListModels() {
  v1::ListModelsResponse all;
  v1::ListModelsRequest request;
  do {
    auto page = Call<v1::ListModelsRequest, v1::ListModelsResponse>(&Stub::ListModels, request);
    if (!page) return page;
    request.set_page_token(page->next_page_token());
    page->clear_next_page_token();
    all.MergeFrom(*page);
  } while (!request.page_token().empty());
  return all;
}

Result<v1::Model> AdminClient::GetModel(const std::string& name) {
  v1::GetModelRequest request;
  request.set_name("models/" + name);
  return Call<v1::GetModelRequest, v1::Model>(&Stub::GetModel, request);
}

Result<Operation> AdminClient::LoadModel(const std::string& name) {
  v1::LoadModelRequest request;
  request.set_name("models/" + name);
  return Call<v1::LoadModelRequest, Operation>(&Stub::LoadModel, request);
}

Result<Operation> AdminClient::UnloadModel(const std::string& name) {
  v1::UnloadModelRequest request;
  request.set_name("models/" + name);
  return Call<v1::UnloadModelRequest, Operation>(&Stub::UnloadModel, request);
}

Result<Operation> AdminClient::ReloadModels() {
  return Call<v1::ReloadModelsRequest, Operation>(&Stub::ReloadModels, {});
}

Result<v1::ListOperationsResponse> AdminClient::ListOperations() {
  v1::ListOperationsResponse all;
  v1::ListOperationsRequest request;
  do {
    auto page =
        Call<v1::ListOperationsRequest, v1::ListOperationsResponse>(&Stub::ListOperations, request);
    if (!page) return page;
    request.set_page_token(page->next_page_token());
    page->clear_next_page_token();
    all.MergeFrom(*page);
  } while (!request.page_token().empty());
  return all;
}

Result<Operation> AdminClient::GetOperation(const std::string& name) {
  v1::GetOperationRequest request;
  request.set_name("operations/" + name);
  return Call<v1::GetOperationRequest, Operation>(&Stub::GetOperation, request);
}

Result<Operation> AdminClient::WaitOperation(const std::string& name, Duration time) {
  v1::WaitOperationRequest request;
  request.set_name("operations/" + name);
  request.set_timeout_ms(ToMillis(time));
  return CallWithin<v1::WaitOperationRequest, Operation>(time + kTimeToAnswer, &Stub::WaitOperation,
                                                         request);
}

Result<v1::Limits> AdminClient::GetLimits() {
  return Call<v1::GetLimitsRequest, v1::Limits>(&Stub::GetLimits, {});
}

Result<v1::Limits> AdminClient::UpdateLimits(const v1::UpdateLimitsRequest& request) {
  return Call<v1::UpdateLimitsRequest, v1::Limits>(&Stub::UpdateLimits, request);
}

Result<v1::Admission> AdminClient::GetAdmission() {
  return Call<v1::GetAdmissionRequest, v1::Admission>(&Stub::GetAdmission, {});
}

Result<v1::Admission> AdminClient::UpdateAdmission(const v1::UpdateAdmissionRequest& request) {
  return Call<v1::UpdateAdmissionRequest, v1::Admission>(&Stub::UpdateAdmission, request);
}

Result<v1::Logging> AdminClient::GetLogging() {
  return Call<v1::GetLoggingRequest, v1::Logging>(&Stub::GetLogging, {});
}

Result<v1::Logging> AdminClient::UpdateLogging(const v1::UpdateLoggingRequest& request) {
  return Call<v1::UpdateLoggingRequest, v1::Logging>(&Stub::UpdateLogging, request);
}

Result<v1::ListListenersResponse> AdminClient::ListListeners() {
  return Call<v1::ListListenersRequest, v1::ListListenersResponse>(&Stub::ListListeners, {});
}

Result<v1::ListConnectionsResponse> AdminClient::ListConnections() {
  v1::ListConnectionsResponse all;
  v1::ListConnectionsRequest request;
  request.set_page_size(1000);
  do {
    auto page = Call<v1::ListConnectionsRequest, v1::ListConnectionsResponse>(
        &Stub::ListConnections, request);
    if (!page) return page;
    request.set_page_token(page->next_page_token());
    page->clear_next_page_token();
    all.mutable_connections()->MergeFrom(page->connections());
    for (const int one : page->silent_conductors()) {
      const auto& known = all.silent_conductors();
      if (std::find(known.begin(), known.end(), one) == known.end()) {
        all.add_silent_conductors(one);
      }
    }
  } while (!request.page_token().empty());
  return all;
}

Result<v1::Connection> AdminClient::CloseConnection(const std::string& name, bool force) {
  v1::CloseConnectionRequest request;
  request.set_name(name.starts_with("connections/") ? name : "connections/" + name);
  request.set_force(force);
  return Call<v1::CloseConnectionRequest, v1::Connection>(&Stub::CloseConnection, request);
}

Result<v1::DrainState> AdminClient::Drain() {
  return Call<v1::DrainRequest, v1::DrainState>(&Stub::Drain, {});
}

Result<v1::DrainState> AdminClient::Resume() {
  return Call<v1::ResumeRequest, v1::DrainState>(&Stub::Resume, {});
}

Result<v1::Config> AdminClient::GetConfig() {
  return Call<v1::GetConfigRequest, v1::Config>(&Stub::GetConfig, {});
}

Result<v1::ReloadConfigResponse> AdminClient::ReloadConfig(bool validate_only) {
  v1::ReloadConfigRequest request;
  request.set_validate_only(validate_only);
  return Call<v1::ReloadConfigRequest, v1::ReloadConfigResponse>(&Stub::ReloadConfig, request);
}

Error ToError(const google::rpc::Status& status) {
  Error error;
  error.message = status.message();
  google::rpc::ErrorInfo info;
  for (const google::protobuf::Any& detail : status.details()) detail.UnpackTo(&info);
  error.code = admin::CodeOf(status.code(), info.reason());
  const auto& parts = info.metadata();
  if (const auto field = parts.find("field"); field != parts.end()) error.field = field->second;
  if (const auto is = parts.find("allowed"); is != parts.end()) error.allowed = is->second;
  if (const auto got = parts.find("got"); got != parts.end()) error.got = got->second;
  return error;
}

Status CheckServer(const std::string& server, const std::string& origin) {
  if (server.starts_with("unix:") && server.size() > 5) return {};
  const std::size_t colon = server.rfind(':');
  if (colon != std::string::npos && colon > 0) {
    const std::string_view text = std::string_view(server).substr(colon + 1);
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error == std::errc() && end == text.data() + text.size() && port > 0) return {};
  }
  return Fail(ErrorCode::kInvalidArgument,
              (origin.empty() ? "" : origin + ": ") +
                  "expected HOST:PORT (such as 127.0.0.1:8081) or unix:PATH, got '" + server + "'",
              origin);
}

}  // namespace baton::ctl
