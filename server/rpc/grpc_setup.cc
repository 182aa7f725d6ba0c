// The settings that all listeners have in common.
#include "server/rpc/grpc_setup.h"

#include <string>

#include "grpc/health/v1/health.pb.h"
#include <absl/synchronization/mutex.h>
#include <google/protobuf/stubs/logging.h>
#include <grpc/support/log.h>
#include <grpcpp/grpcpp.h>

#include "server/base/log.h"

namespace baton::rpc {
namespace {

void LogFromGrpc(gpr_log_func_args* args) {
  Log(LogLevel::kDebug, "grpc_log",
      {{"severity", gpr_log_severity_string(args->severity)}, {"message", args->message}});
}

void LogFromProtobuf(google::protobuf::LogLevel /*level*/, const char* /*file*/, int /*line*/,
                     const std::string& message) {
  Log(LogLevel::kDebug, "protobuf_log", {{"message", message}});
}

// For TLS, and for the client's first words on HTTP/2; gRPC would give 120 s.
constexpr int kHandshakeTimeoutMs = 10'000;

}  // namespace

void SetUp(grpc::ServerBuilder& builder) {
  gpr_set_log_function(&LogFromGrpc);
  // Not safe for threads, and so only once.
  static auto* const instead_of = google::protobuf::SetLogHandler(&LogFromProtobuf);
  static_cast<void>(instead_of);
  // Debian's build looks for deadlocks at every lock that gRPC takes, in a graph of the whole
  // process.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  // The health service is visible to reflection, and thereby to clients that know no schema, only
  // where its messages are linked in; naming one makes the linker take them.
  static_cast<void>(grpc::health::v1::HealthCheckRequest::descriptor());
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, kHandshakeTimeoutMs);
  // A small message would expand a thousandfold, and gRPC limits only what comes over the wire.
  builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_GZIP, false);
  builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_DEFLATE, false);
}

}  // namespace baton::rpc
