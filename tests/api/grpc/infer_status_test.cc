// Answers as gRPC's codes.
#include "server/api/grpc/infer_status.h"

#include <gtest/gtest.h>

namespace baton::api {
namespace {

using grpc::StatusCode;
using serve::Answer;
using serve::Cause;

AnswerView View(Answer answer, Cause cause = Cause::kNone, const Error* error = nullptr) {
  AnswerView view;
  view.answer = answer;
  view.cause = cause;
  view.error = error;
  return view;
}

TEST(InferStatusTest, AnAnswerWithABodyIsOk) {
  EXPECT_TRUE(StatusOf(View(Answer::kPrediction)).ok());
  EXPECT_TRUE(StatusOf(View(Answer::kFallback, Cause::kNoTime)).ok());
}

TEST(InferStatusTest, MissesHaveTheCodesOf503504And500WithASentence) {
  const grpc::Status refused = StatusOf(View(Answer::kRefused, Cause::kDraining));
  EXPECT_EQ(refused.error_code(), StatusCode::UNAVAILABLE);
  EXPECT_EQ(refused.error_message(), "the server is shutting down");
  EXPECT_EQ(StatusOf(View(Answer::kTimeout, Cause::kExpiredRunning)).error_code(),
            StatusCode::DEADLINE_EXCEEDED);
  const Error error{ErrorCode::kInternal, "it broke", {}};
  const grpc::Status failed = StatusOf(View(Answer::kError, Cause::kBackendError, &error));
  EXPECT_EQ(failed.error_code(), StatusCode::INTERNAL);
  EXPECT_EQ(failed.error_message(), "it broke");
}

TEST(InferStatusTest, TheClientsFaultsKeepTheirKind) {
  const auto code = [](ErrorCode kind) {
    const Error error{kind, "x", {}};
    return StatusOf(View(Answer::kInvalid, Cause::kNone, &error)).error_code();
  };
  EXPECT_EQ(code(ErrorCode::kInvalidArgument), StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(code(ErrorCode::kNotFound), StatusCode::NOT_FOUND);
  EXPECT_EQ(code(ErrorCode::kTooLarge), StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(code(ErrorCode::kDeadlineExceeded), StatusCode::DEADLINE_EXCEEDED);
  EXPECT_EQ(code(ErrorCode::kResourceExhausted), StatusCode::INVALID_ARGUMENT);
}

}  // namespace
}  // namespace baton::api
