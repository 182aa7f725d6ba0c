// Raw elements to tensors and back.
#include "server/api/tensor_raw.h"

#include <array>
#include <cstring>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace baton::api {
namespace {

using models::DataType;
using models::Tensor;
using testing::ElementsAre;
using testing::HasSubstr;
using namespace std::string_literals;

constexpr std::array kFixedSize = {
    DataType::kBool, DataType::kUint8, DataType::kUint16, DataType::kUint32, DataType::kUint64,
    DataType::kInt8, DataType::kInt16, DataType::kInt32,  DataType::kInt64,  DataType::kFp16,
    DataType::kFp32, DataType::kFp64,  DataType::kBf16};

Result<Tensor> Read(DataType type, models::Shape shape, std::string_view bytes) {
  Tensor tensor{"x", type, std::move(shape), {}, {}};
  Status status =
      ReadRawElements(std::as_bytes(std::span(bytes)), tensor, DataPlace{"list", 3, "place"});
  if (!status) return tl::unexpected(std::move(status.error()));
  return tensor;
}

std::string Write(const Tensor& tensor) {
  std::string out;
  EXPECT_TRUE(RawSize(tensor)) << RawSize(tensor).error().message;
  AppendRawElements(out, tensor);
  EXPECT_EQ(out.size(), RawSize(tensor).value_or(0));
  return out;
}

void ExpectRefused(DataType type, const models::Shape& shape, std::string_view bytes,
                   const std::string& message) {
  const auto tensor = Read(type, shape, bytes);
  ASSERT_FALSE(tensor) << message;
  EXPECT_EQ(tensor.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(tensor.error().field, "list[3].place");
  EXPECT_THAT(tensor.error().message, HasSubstr("input 'x': "));
  EXPECT_THAT(tensor.error().message, HasSubstr(message));
}

TEST(TensorRawTest, B6_EveryDatatypeComesBackByteByByte) {
  for (const DataType type : kFixedSize) {
    std::string bytes(6 * models::ElementSize(type), '\0');
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      bytes[i] = static_cast<char>(type == DataType::kBool ? i % 2 : 255 - i);
    }
    const auto tensor = Read(type, {2, 3}, bytes);
    ASSERT_TRUE(tensor) << tensor.error().message;
    EXPECT_EQ(tensor->raw.size(), bytes.size());
    EXPECT_EQ(Write(*tensor), bytes) << models::ToText(type);
  }
}

TEST(TensorRawTest, B6_ElementsAreLittleEndian) {
  EXPECT_THAT(Read(DataType::kUint32, {2}, "\1\0\0\0\0\0\0\2"s)->As<std::uint32_t>(),
              ElementsAre(1, 0x0200'0000));
}

TEST(TensorRawTest, B6_BeforeEachElementOfBytesStandsItsLength) {
  const std::string bytes = "\3\0\0\0a\0b\0\0\0\0\1\0\0\0\xff"s;
  const auto tensor = Read(DataType::kBytes, {3, 1}, bytes);
  ASSERT_TRUE(tensor) << tensor.error().message;
  EXPECT_THAT(tensor->strings, ElementsAre("a\0b"s, "", "\xff"));
  EXPECT_TRUE(tensor->raw.empty());
  EXPECT_EQ(Write(*tensor), bytes);
}

TEST(TensorRawTest, AlignedElementsAreReadWhereTheyLieAndOthersCopied) {
  alignas(8) std::array<char, 16> memory{};
  for (const DataType type : kFixedSize) {
    for (std::size_t at = 0; at < 8; ++at) {
      const std::string_view bytes(memory.data() + at, models::ElementSize(type));
      Tensor tensor{"x", type, {1}, {}, {}};
      ASSERT_TRUE(ReadRawElements(std::as_bytes(std::span(bytes)), tensor, DataPlace()));
      EXPECT_EQ(tensor.raw.is_borrowed(), at % models::ElementSize(type) == 0)
          << models::ToText(type) << " at " << at;
    }
  }
}

TEST(TensorRawTest, ASizeThatContradictsTheShapeIsRefused) {
  ExpectRefused(DataType::kFp32, {1, 2}, std::string(7, 'a'),
                "shape [1,2] of FP32 needs 8 bytes, got 7");
  ExpectRefused(DataType::kFp32, {1, 2}, std::string(12, 'a'), "needs 8 bytes, got 12");
  ExpectRefused(DataType::kInt64, {0}, "a", "needs 0 bytes, got 1");
  ExpectRefused(DataType::kInt8, {-1}, "a", "shape [-1] has a negative size");
}

TEST(TensorRawTest, ABoolIsTheByteZeroOrOne) {
  EXPECT_THAT(Read(DataType::kBool, {2}, "\1\0"s)->As<bool>(), ElementsAre(true, false));
  ExpectRefused(DataType::kBool, {3}, "\1\0\2"s,
                "element 2 of BOOL: expected the byte 0 or 1, got 2");
  ExpectRefused(DataType::kBool, {1}, "\xff", "got 255");
}

TEST(TensorRawTest, LengthsOfBytesThatDoNotAddUpAreRefused) {
  ExpectRefused(DataType::kBytes, {1}, "\1\0\0"s, "needs at least 4 bytes, got 3");
  ExpectRefused(DataType::kBytes, {1}, "\2\0\0\0a"s,
                "element 0 of BYTES: expected four bytes of length at 0 and as many bytes behind "
                "them, got 5 bytes in all");
  ExpectRefused(DataType::kBytes, {2}, "\3\0\0\0abc\0"s, "element 1 of BYTES");
  ExpectRefused(DataType::kBytes, {1}, "\xff\xff\xff\xff"s, "element 0 of BYTES");
  ExpectRefused(DataType::kBytes, {1}, "\1\0\0\0ab"s,
                "shape [1] of BYTES needs 1 elements in 5 bytes, got 6 bytes");
  ExpectRefused(DataType::kBytes, {0}, "\0\0\0\0"s, "needs 0 elements in 0 bytes, got 4 bytes");
}

TEST(TensorRawTest, AShapesClaimCostsNothingBeforeTheBytesHaveBorneItOut) {
  ExpectRefused(DataType::kBytes, {1LL << 40}, "\0\0\0\0"s, "needs at least");
  ExpectRefused(DataType::kFp64, {1LL << 40}, "a", "needs 8796093022208 bytes, got 1");
}

TEST(TensorRawTest, AnEmptyTensorHasNoBytes) {
  EXPECT_EQ(Write(*Read(DataType::kFp64, {0, 3}, "")), "");
  EXPECT_EQ(Write(*Read(DataType::kBytes, {0}, "")), "");
}

TEST(TensorRawTest, AnOutputThatDoesNotHoldWhatItsShapeSaysIsAnError) {
  for (const DataType type : {DataType::kFp32, DataType::kBytes}) {
    const auto size = RawSize(Tensor{"y", type, {2}, {}, {}});
    ASSERT_FALSE(size);
    EXPECT_EQ(size.error().code, ErrorCode::kInternal);
    EXPECT_THAT(size.error().message, HasSubstr("output 'y': shape [2]"));
  }
}

}  // namespace
}  // namespace baton::api
