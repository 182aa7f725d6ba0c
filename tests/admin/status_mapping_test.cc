// Our errors as gRPC's status.
#include "admin/service/status_mapping.h"

#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <grpcpp/support/status.h>

namespace baton::admin {
namespace {

TEST(StatusMappingTest, EveryErrorHasItsCode) {
  const std::vector<std::pair<ErrorCode, grpc::StatusCode>> table = {
      {ErrorCode::kInvalidArgument, grpc::StatusCode::INVALID_ARGUMENT},
      {ErrorCode::kNotFound, grpc::StatusCode::NOT_FOUND},
      {ErrorCode::kAlreadyExists, grpc::StatusCode::ALREADY_EXISTS},
      {ErrorCode::kFailedPrecondition, grpc::StatusCode::FAILED_PRECONDITION},
      {ErrorCode::kResourceExhausted, grpc::StatusCode::RESOURCE_EXHAUSTED},
      {ErrorCode::kUnavailable, grpc::StatusCode::UNAVAILABLE},
      {ErrorCode::kDeadlineExceeded, grpc::StatusCode::DEADLINE_EXCEEDED},
      {ErrorCode::kTooLarge, grpc::StatusCode::INVALID_ARGUMENT},
      {ErrorCode::kUnsupported, grpc::StatusCode::UNIMPLEMENTED},
      {ErrorCode::kAborted, grpc::StatusCode::ABORTED},
      {ErrorCode::kInternal, grpc::StatusCode::INTERNAL}};
  for (const auto& [ours, theirs] : table) {
    EXPECT_EQ(ToGrpcStatus(Error{ours, "m", ""}).error_code(), theirs);
  }
}

TEST(StatusMappingTest, TheFieldIsNamedOnce) {
  EXPECT_EQ(ToGrpcStatus(Error{ErrorCode::kInvalidArgument, "expected 1", "size"}).error_message(),
            "size: expected 1");
  EXPECT_EQ(ToGrpcStatus(Error{ErrorCode::kInvalidArgument, "size is 0", "size"}).error_message(),
            "size is 0");
}

TEST(StatusMappingTest, CodesHaveGrpcsNames) {
  EXPECT_EQ(GrpcCodeName(grpc::StatusCode::OK), "OK");
  EXPECT_EQ(GrpcCodeName(grpc::StatusCode::NOT_FOUND), "NOT_FOUND");
  EXPECT_EQ(GrpcCodeName(grpc::StatusCode::ABORTED), "ABORTED");
  EXPECT_EQ(GrpcCodeName(grpc::StatusCode::UNAVAILABLE), "UNAVAILABLE");
  EXPECT_EQ(GrpcCodeName(grpc::StatusCode::UNAUTHENTICATED), "UNAUTHENTICATED");
  EXPECT_EQ(GrpcCodeName(17), "UNKNOWN");
  EXPECT_EQ(GrpcCodeName(-1), "UNKNOWN");
}

}  // namespace
}  // namespace baton::admin
