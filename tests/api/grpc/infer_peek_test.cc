// What admission learns of a message before it is decoded.
#include "server/api/grpc/infer_peek.h"

#include <limits>
#include <string>

#include "inference/grpc_service.pb.h"
#include <gtest/gtest.h>

namespace baton::api {
namespace {

using namespace std::chrono_literals;

inference::ModelInferRequest Request() {
  inference::ModelInferRequest request;
  request.set_model_name("tumour");
  request.set_model_version("3");
  request.set_id("a");
  return request;
}

TEST(InferPeekTest, FindsModelVersionAndId) {
  const std::string message = Request().SerializeAsString();
  const auto peek = PeekInferRequest(message);
  ASSERT_TRUE(peek);
  EXPECT_EQ(peek->model_name, "tumour");
  EXPECT_EQ(peek->model_version, "3");
  EXPECT_EQ(peek->id, "a");
  EXPECT_FALSE(peek->timeout);
  EXPECT_FALSE(peek->priority);
}

TEST(InferPeekTest, FindsTheFieldOfTheIdWithItsTagAndLength) {
  const std::string message = Request().SerializeAsString();
  const auto peek = PeekInferRequest(message);
  ASSERT_TRUE(peek);
  EXPECT_EQ(peek->id_field,
            "\x1a\x01"
            "a");
  EXPECT_TRUE(peek->saw_all);
}

TEST(InferPeekTest, SaysWhenThereIsMoreThanItLooksAt) {
  const std::string many(std::size_t{2} * (kMostPeekedFields + 1), '\x28');  // 5: 40
  const auto peek = PeekInferRequest(many);
  ASSERT_TRUE(peek);
  EXPECT_FALSE(peek->saw_all);
}

TEST(InferPeekTest, AnEmptyMessageSaysNothing) {
  const auto peek = PeekInferRequest({});
  ASSERT_TRUE(peek);
  EXPECT_EQ(peek->model_name, "");
}

TEST(InferPeekTest, ReadsTimeoutAndPriorityOfEitherWholeType) {
  auto request = Request();
  (*request.mutable_parameters())["timeout"].set_int64_param(1500);
  (*request.mutable_parameters())["priority"].set_uint64_param(2);
  auto peek = PeekInferRequest(request.SerializeAsString());
  EXPECT_EQ(peek->timeout, 1500us);
  EXPECT_EQ(peek->priority, 2U);
  (*request.mutable_parameters())["timeout"].set_uint64_param(7);
  peek = PeekInferRequest(request.SerializeAsString());
  EXPECT_EQ(peek->timeout, 7us);
}

TEST(InferPeekTest, ATimeoutOfZeroBelowItOrOfAnotherTypeIsNone) {
  for (const std::int64_t micros :
       {std::int64_t{0}, std::int64_t{-1}, std::numeric_limits<std::int64_t>::min()}) {
    auto request = Request();
    (*request.mutable_parameters())["timeout"].set_int64_param(micros);
    EXPECT_FALSE(PeekInferRequest(request.SerializeAsString())->timeout) << micros;
  }
  auto request = Request();
  (*request.mutable_parameters())["timeout"].set_string_param("1000");
  (*request.mutable_parameters())["priority"].set_bool_param(true);
  const std::string message = request.SerializeAsString();
  EXPECT_FALSE(PeekInferRequest(message)->timeout);
  EXPECT_FALSE(PeekInferRequest(message)->priority);
}

TEST(InferPeekTest, OfAFieldThatComesTwiceTheLastOneCounts) {
  auto again = Request();
  again.set_model_name("digits");
  const std::string message = Request().SerializeAsString() + again.SerializeAsString();
  EXPECT_EQ(PeekInferRequest(message)->model_name, "digits");
}

TEST(InferPeekTest, AMalformedMessageIsNone) {
  EXPECT_FALSE(PeekInferRequest("no protobuf at all"));
  const std::string message = Request().SerializeAsString();
  EXPECT_FALSE(PeekInferRequest(message.substr(0, message.size() - 1)));
}

TEST(InferPeekTest, LooksAtABoundedNumberOfFields) {
  std::string message;
  for (int i = 0; i < kMostPeekedFields; ++i) message += std::string("\x3a\x00", 2);
  message += Request().SerializeAsString();
  EXPECT_EQ(PeekInferRequest(message)->model_name, "");
}

}  // namespace
}  // namespace baton::api
