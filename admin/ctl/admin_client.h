// One blocking call of the admin service per method, with errors that an operator can act on.
#pragma once

#include <memory>
#include <string>

#include "baton/admin/v1/admin_service.pb.h"
#include "google/longrunning/operations.pb.h"
#include "google/rpc/status.pb.h"

#include "admin/ctl/target.h"
#include "server/base/clock.h"
#include "server/base/result.h"

namespace baton::ctl {

// Threads: one at a time. Blocks up to the timeout for each request that it sends.
class AdminClient {
 public:
  // It is reached for with the first call.
  AdminClient(Reach reach, Duration timeout);
  ~AdminClient();

  // How long a call may take.
  Duration timeout() const { return timeout_; }

  Result<admin::v1::ServerStatus> GetStatus();
  // What the server does, as it sends it.
  class StatusStream;
  std::unique_ptr<StatusStream> WatchStatus();
  // What clients send, for as long as `request` says.
  class CaptureStream;
  std::unique_ptr<CaptureStream> CaptureRequests(const admin::v1::CaptureRequestsRequest& request);
  Result<admin::v1::Pool> GetPool();
  Result<admin::v1::Pool> UpdatePool(const admin::v1::UpdatePoolRequest& request);
  // Every page of them.
  Result<admin::v1::ListEndpointsResponse> ListEndpoints();
  // `name` without "endpoints/".
  Result<admin::v1::Endpoint> GetEndpoint(const std::string& name);
  Result<admin::v1::Endpoint> UpdateEndpoint(const admin::v1::UpdateEndpointRequest& request);
  Result<admin::v1::Endpoint> ResetEstimator(const std::string& name);
  // Of `endpoint` only, unless it is empty.
  Result<admin::v1::ListMissesResponse> ListMisses(const std::string& endpoint, int limit);

  // Every page of them.
  Result<admin::v1::ListModelsResponse> ListModels();
  // `name` without "models/".
  Result<admin::v1::Model> GetModel(const std::string& name);
  Result<google::longrunning::Operation> LoadModel(const std::string& name);
  Result<google::longrunning::Operation> UnloadModel(const std::string& name);
  Result<google::longrunning::Operation> ReloadModels();
  // Every page of them.
  Result<admin::v1::ListOperationsResponse> ListOperations();
  // `name` without "operations/", here and below.
  Result<google::longrunning::Operation> GetOperation(const std::string& name);
  // As it is when it is done, or when `time` is up: at least 1 ms, at most a minute.
  Result<google::longrunning::Operation> WaitOperation(const std::string& name, Duration time);

  Result<admin::v1::Limits> GetLimits();
  Result<admin::v1::Limits> UpdateLimits(const admin::v1::UpdateLimitsRequest& request);
  Result<admin::v1::Admission> GetAdmission();
  Result<admin::v1::Admission> UpdateAdmission(const admin::v1::UpdateAdmissionRequest& request);
  Result<admin::v1::Logging> GetLogging();
  Result<admin::v1::Logging> UpdateLogging(const admin::v1::UpdateLoggingRequest& request);

  Result<admin::v1::ListListenersResponse> ListListeners();
  // Every page of them.
  Result<admin::v1::ListConnectionsResponse> ListConnections();
  // `name` with or without "connections/".
  Result<admin::v1::Connection> CloseConnection(const std::string& name, bool force);

  Result<admin::v1::DrainState> Drain();
  Result<admin::v1::DrainState> Resume();

  Result<admin::v1::Config> GetConfig();
  Result<admin::v1::ReloadConfigResponse> ReloadConfig(bool validate_only);

 private:
  struct Connection;

  template <typename Request, typename Response, typename Method>
  Result<Response> Call(Method method, const Request& request);
  template <typename Request, typename Response, typename Method>
  Result<Response> CallWithin(Duration time, Method method, const Request& request);

  const Reach reach_;
  const Duration timeout_;
  const std::unique_ptr<Connection> connection_;
};

// Threads: Read and Finish from one; Cancel from any, which ends a Read that waits.
class AdminClient::StatusStream {
 public:
  virtual ~StatusStream() = default;

  // The next message. False: there is none any more. Waits without an end.
  virtual bool Read(admin::v1::StatusUpdate& update) = 0;
  // Why there is none. Once, after Read has said so.
  virtual Error Finish() = 0;
  virtual void Cancel() = 0;
};

// Threads: one at a time.
class AdminClient::CaptureStream {
 public:
  virtual ~CaptureStream() = default;

  // The next message. False, and `news` is as before: there is none any more.
  virtual bool Read(admin::v1::CaptureRequestsResponse& news) = 0;
  // How it ended. Once, after Read has said so.
  virtual Status Finish() = 0;
};

// The error that a status tells of, with the parts that its details name.
Error ToError(const google::rpc::Status& status);

// Whether `server` has one of the forms above; kInvalidArgument, saying which, if not. `origin` is
// where it was said: "--server"; may be empty.
Status CheckServer(const std::string& server, const std::string& origin);

}  // namespace baton::ctl
