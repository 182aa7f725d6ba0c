// How much a message may hold around its elements.
#include "server/api/grpc/field_count.h"

#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "inference/grpc_service.pb.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/api/grpc/wire_format.h"

namespace baton::api {
namespace {

using Request = inference::ModelInferRequest;
using testing::StartsWith;

std::string Repeated(std::string_view field, std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += field;
  return text;
}

// In as many fields as there are numbers, from the outermost.
std::string Inside(std::initializer_list<std::uint32_t> numbers, std::string text) {
  for (auto number = numbers.end(); number != numbers.begin();) {
    std::string outer;
    AppendBytesField(outer, *--number, text);
    text = std::move(outer);
  }
  return text;
}

std::string ErrorOf(std::string_view message) {
  const Status status = CheckFieldCount(message);
  return status ? "" : status.error().message;
}

TEST(FieldCountTest, AsManyFieldsAsMayBeAreTakenAndOneMoreIsNamed) {
  for (const auto& [number, name] : std::map<std::uint32_t, std::string>{{4, "parameters"},
                                                                         {5, "inputs"},
                                                                         {6, "outputs"},
                                                                         {7, "raw_input_contents"},
                                                                         {9, "the message"}}) {
    const std::string field = Inside({number}, {});
    EXPECT_TRUE(CheckFieldCount(Repeated(field, kMostFields))) << name;
    EXPECT_THAT(ErrorOf(Repeated(field, kMostFields + 1)),
                StartsWith(name + ": expected at most 16384 fields"));
  }
}

TEST(FieldCountTest, FieldsInsideFieldsCount) {
  const std::string many = Repeated(Inside({9}, {}), kMostFields);
  EXPECT_THAT(ErrorOf(Inside({4}, many)), StartsWith("parameters:"));
  EXPECT_THAT(ErrorOf(Inside({4, 2}, many)), StartsWith("parameters:"));
  EXPECT_THAT(ErrorOf(Inside({5}, many)), StartsWith("inputs:"));
  EXPECT_THAT(ErrorOf(Inside({5, 4}, many)), StartsWith("inputs:"));
  EXPECT_THAT(ErrorOf(Inside({5, 4, 2}, many)), StartsWith("inputs:"));
  EXPECT_THAT(ErrorOf(Inside({5, 5}, many)), StartsWith("inputs:"));
  EXPECT_THAT(ErrorOf(Inside({6}, many)), StartsWith("outputs:"));
  EXPECT_THAT(ErrorOf(Inside({6, 2, 2}, many)), StartsWith("outputs:"));
}

TEST(FieldCountTest, TheSizesOfAShapeCountInEitherForm) {
  EXPECT_THAT(ErrorOf(Inside({5, 3}, std::string(kMostFields, '\x01'))), StartsWith("inputs:"));
  EXPECT_THAT(ErrorOf(Inside({5}, Repeated("\x18\x01", kMostFields))), StartsWith("inputs:"));
}

TEST(FieldCountTest, ElementsDoNotCount) {
  Request request;
  auto& contents = *request.add_inputs()->mutable_contents();
  for (std::size_t i = 0; i <= kMostFields; ++i) {
    contents.add_bytes_contents("a");
    contents.add_fp32_contents(1);
  }
  request.add_raw_input_contents(std::string(2 * kMostFields, 'x'));
  EXPECT_TRUE(CheckFieldCount(request.SerializeAsString()));
}

TEST(FieldCountTest, WhatIsMalformedAtAnyDepthIsNoRequest) {
  const std::string group = "\x4b\x4c";  // protobuf would skip it
  EXPECT_EQ(ErrorOf(group), kNoInferRequest);
  EXPECT_EQ(ErrorOf(Inside({5}, group)), kNoInferRequest);
  EXPECT_EQ(ErrorOf(Inside({5, 4, 2}, group)), kNoInferRequest);
  EXPECT_EQ(ErrorOf(Inside({6, 2}, "\x0a\x05")), kNoInferRequest);
}

}  // namespace
}  // namespace baton::api
