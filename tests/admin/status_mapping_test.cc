// Our errors as gRPC's status.
#include "admin/service/status_mapping.h"

#include <string>
#include <utility>
#include <vector>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include <gmock/gmock.h>
#include <grpcpp/support/status.h>

#include "admin/messages/error_table.h"

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

TEST(StatusMappingTest, AWrongFieldIsInTheDetailsWithWhatIsAllowedAndWhatCame) {
  const Error wrong = FailValue("size", "1 to 1024", "0").value();
  const grpc::Status status = ToGrpcStatus(wrong);
  EXPECT_EQ(status.error_message(), "size: expected 1 to 1024, got 0");
  google::rpc::Status whole;
  ASSERT_TRUE(whole.ParseFromString(status.error_details()));
  EXPECT_EQ(whole.code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(whole.message(), status.error_message());
  ASSERT_EQ(whole.details_size(), 2);
  google::rpc::ErrorInfo info;
  ASSERT_TRUE(whole.details(0).UnpackTo(&info));
  EXPECT_EQ(info.reason(), "VALUE_NOT_ALLOWED");
  EXPECT_EQ(info.domain(), "baton");
  EXPECT_EQ(info.metadata().at("field"), "size");
  EXPECT_EQ(info.metadata().at("allowed"), "1 to 1024");
  EXPECT_EQ(info.metadata().at("got"), "0");
  google::rpc::BadRequest request;
  ASSERT_TRUE(whole.details(1).UnpackTo(&request));
  ASSERT_EQ(request.field_violations_size(), 1);
  EXPECT_EQ(request.field_violations(0).field(), "size");
}

TEST(StatusMappingTest, DetailsThatWouldNotFitIntoMetadataAreLeftOut) {
  const Error error{ErrorCode::kInvalidArgument, std::string(3000, 'x'), "size"};
  const grpc::Status status = ToGrpcStatus(error);
  EXPECT_TRUE(status.error_details().empty());
  EXPECT_GT(status.error_message().size(), 3000U);
  const Error value{ErrorCode::kInvalidArgument, "m", "size", "some", std::string(70000, 'x')};
  EXPECT_LT(ToGrpcStatus(value).error_details().size(), 1024U);
}

TEST(StatusMappingTest, EveryReasonLeadsBackToItsError) {
  for (const ErrorRow& row : ErrorRows()) {
    EXPECT_EQ(CodeOf(row.grpc_code, row.reason), row.code);
    EXPECT_EQ(GrpcCodeName(row.grpc_code), row.grpc_name);
    EXPECT_EQ(RowOf(CodeOf(row.grpc_code, "")).grpc_code, row.grpc_code);
  }
  EXPECT_EQ(CodeOf(grpc::StatusCode::DATA_LOSS, "OF_ANOTHER"), ErrorCode::kInternal);
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
