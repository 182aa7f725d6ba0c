// Reading and writing of protobuf's encoding, without its classes.
#include "server/api/grpc/wire_format.h"

#include <limits>
#include <string>
#include <vector>

#include "inference/grpc_service.pb.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace baton::api {
namespace {

std::vector<std::uint32_t> NumbersOf(std::string_view message, bool& is_malformed) {
  std::vector<std::uint32_t> numbers;
  WireReader reader(message);
  while (const auto field = reader.Next()) numbers.push_back(field->number);
  is_malformed = reader.is_malformed();
  return numbers;
}

bool IsMalformed(std::string_view message) {
  bool is_malformed = false;
  NumbersOf(message, is_malformed);
  return is_malformed;
}

TEST(WireFormatTest, EveryKindOfFieldIsReadAsProtobufWroteIt) {
  inference::InferParameter parameter;
  parameter.set_uint64_param(std::numeric_limits<std::uint64_t>::max());
  WireReader varint(parameter.SerializeAsString());
  const std::string varint_text = parameter.SerializeAsString();
  WireReader whole(varint_text);
  const auto field = whole.Next();
  ASSERT_TRUE(field);
  EXPECT_EQ(field->number, 5U);
  EXPECT_EQ(field->varint, std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(field->whole, varint_text);
  EXPECT_FALSE(whole.Next());
  EXPECT_FALSE(whole.is_malformed());

  parameter.set_double_param(1.5);
  EXPECT_FALSE(IsMalformed(parameter.SerializeAsString()));
  parameter.set_string_param(std::string(300, 'x'));
  const std::string text = parameter.SerializeAsString();
  WireReader bytes(text);
  EXPECT_EQ(bytes.Next()->bytes, std::string(300, 'x'));
}

TEST(WireFormatTest, WhatIsCutShortIsMalformed) {
  inference::ModelInferRequest request;
  request.set_model_name(std::string(200, 'm'));
  request.add_raw_input_contents("abc");
  const std::string text = request.SerializeAsString();
  const std::size_t first = BytesFieldSize(1, 200);
  for (std::size_t size = 1; size < text.size(); ++size) {
    if (size == first) continue;
    EXPECT_TRUE(IsMalformed(text.substr(0, size))) << size;
  }
  EXPECT_FALSE(IsMalformed(text));
}

TEST(WireFormatTest, LengthsThatOverflowGroupsAndFieldZeroAreMalformed) {
  EXPECT_TRUE(IsMalformed("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01 and more"));
  EXPECT_TRUE(IsMalformed(std::string(11, '\xff')));     // a varint of eleven bytes
  EXPECT_TRUE(IsMalformed("\x0b\x0c"));                  // a group
  EXPECT_TRUE(IsMalformed(std::string("\x00\x00", 2)));  // field 0
  EXPECT_TRUE(IsMalformed("\x0f"));                      // no such type
  EXPECT_TRUE(IsMalformed("\xff\xff\xff\xff\xff\x00"));  // a tag of more than 32 bits
}

TEST(WireFormatTest, WhatIsAppendedIsWhatProtobufWouldHaveWritten) {
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{127}, std::size_t{128}, std::size_t{16'384}}) {
    inference::ModelInferResponse response;
    response.add_raw_output_contents(std::string(size, 'r'));
    std::string written;
    AppendBytesField(written, 6, std::string(size, 'r'));
    EXPECT_EQ(written, response.SerializeAsString());
    EXPECT_EQ(BytesFieldSize(6, size), written.size());
  }
}

}  // namespace
}  // namespace baton::api
