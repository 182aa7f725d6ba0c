// Our errors as gRPC's status, with what is known of them as details.
#include "admin/service/status_mapping.h"

#include <array>
#include <cstddef>
#include <string>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include <grpcpp/support/status.h>

#include "admin/messages/error_table.h"

namespace baton::admin {
namespace {

constexpr std::size_t kMostOfAValue = 128;
// Clients take 8 KiB of metadata, and the message is in there once more.
constexpr std::size_t kMostDetails = 2048;

std::string Cut(const std::string& text) {
  return text.size() <= kMostOfAValue ? text : text.substr(0, kMostOfAValue) + "...";
}

std::string MessageOf(const Error& error) {
  const bool names_field =
      error.field.empty() || error.message.find(error.field) != std::string::npos;
  return names_field ? error.message : error.field + ": " + error.message;
}

google::rpc::ErrorInfo InfoOf(const Error& error) {
  google::rpc::ErrorInfo info;
  info.set_reason(std::string(RowOf(error.code).reason));
  info.set_domain(std::string(kErrorDomain));
  auto& metadata = *info.mutable_metadata();
  if (!error.field.empty()) metadata["field"] = error.field;
  if (!error.allowed.empty()) metadata["allowed"] = Cut(error.allowed);
  if (!error.got.empty()) metadata["got"] = Cut(error.got);
  return info;
}

}  // namespace

google::rpc::Status ToRpcStatus(const Error& error) {
  google::rpc::Status status;
  status.set_code(RowOf(error.code).grpc_code);
  status.set_message(MessageOf(error));
  status.add_details()->PackFrom(InfoOf(error));
  if (status.code() == grpc::StatusCode::INVALID_ARGUMENT && !error.field.empty()) {
    google::rpc::BadRequest request;
    auto& violation = *request.add_field_violations();
    violation.set_field(error.field);
    violation.set_description(error.message);
    violation.set_reason(std::string(RowOf(error.code).reason));
    status.add_details()->PackFrom(request);
  }
  return status;
}

grpc::Status ToGrpcStatus(const Error& error) {
  const google::rpc::Status status = ToRpcStatus(error);
  const bool has_room = status.ByteSizeLong() <= kMostDetails;
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), status.message(),
                      has_room ? status.SerializeAsString() : std::string());
}

std::string_view GrpcCodeName(int code) {
  static constexpr std::array<std::string_view, 17> kNames = {"OK",
                                                              "CANCELLED",
                                                              "UNKNOWN",
                                                              "INVALID_ARGUMENT",
                                                              "DEADLINE_EXCEEDED",
                                                              "NOT_FOUND",
                                                              "ALREADY_EXISTS",
                                                              "PERMISSION_DENIED",
                                                              "RESOURCE_EXHAUSTED",
                                                              "FAILED_PRECONDITION",
                                                              "ABORTED",
                                                              "OUT_OF_RANGE",
                                                              "UNIMPLEMENTED",
                                                              "INTERNAL",
                                                              "UNAVAILABLE",
                                                              "DATA_LOSS",
                                                              "UNAUTHENTICATED"};
  const auto index = static_cast<std::size_t>(code);
  return index < kNames.size() ? kNames[index] : "UNKNOWN";
}

}  // namespace baton::admin
