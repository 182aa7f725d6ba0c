// Names and sizes of datatypes, and the counting of elements.
#include "server/models/tensor.h"

#include <limits>

#include <gtest/gtest.h>

namespace baton::models {
namespace {

TEST(TensorTest, EveryDatatypeReadsBackFromItsText) {
  int types = 0;
  for (int i = 0; i <= static_cast<int>(DataType::kBf16); ++i, ++types) {
    const auto type = static_cast<DataType>(i);
    EXPECT_EQ(DataTypeFromText(ToText(type)), type) << ToText(type);
  }
  EXPECT_EQ(types, 14);
}

TEST(TensorTest, ADatatypeIsKnownByItsExactNameOnly) {
  for (const std::string_view text : {"", "fp32", "FP3", "FP32 ", "FLOAT", "STRING", "INT4"}) {
    EXPECT_EQ(DataTypeFromText(text), std::nullopt) << text;
  }
}

TEST(TensorTest, ElementSizesAreThoseOfTheProtocol) {
  const std::pair<std::string_view, std::size_t> expected[] = {
      {"BOOL", 1}, {"UINT8", 1}, {"UINT16", 2}, {"UINT32", 4}, {"UINT64", 8},
      {"INT8", 1}, {"INT16", 2}, {"INT32", 4},  {"INT64", 8},  {"FP16", 2},
      {"FP32", 4}, {"FP64", 8},  {"BYTES", 0},  {"BF16", 2},
  };
  for (const auto& [text, bytes] : expected) {
    const auto type = DataTypeFromText(text);
    ASSERT_TRUE(type.has_value()) << text;
    EXPECT_EQ(ElementSize(*type), bytes) << text;
  }
}

TEST(TensorTest, AShapeIsWrittenInBrackets) {
  EXPECT_EQ(ToText(Shape{}), "[]");
  EXPECT_EQ(ToText(Shape{7}), "[7]");
  EXPECT_EQ(ToText(Shape{-1, 30}), "[-1,30]");
}

TEST(TensorTest, TheElementCountIsTheProductOfTheShape) {
  EXPECT_EQ(ElementCount(Shape{}), 1u);
  EXPECT_EQ(ElementCount(Shape{30}), 30u);
  EXPECT_EQ(ElementCount(Shape{3, 224, 224}), 150528u);
  EXPECT_EQ(ElementCount(Shape{5, 0, 7}), 0u);
}

TEST(TensorTest, ANegativeDimensionHasNoElementCount) {
  EXPECT_EQ(ElementCount(Shape{-1, 30}), std::nullopt);
  EXPECT_EQ(ElementCount(Shape{0, -1}), std::nullopt);
  EXPECT_EQ(ElementCount(Shape{std::numeric_limits<std::int64_t>::min()}), std::nullopt);
}

TEST(TensorTest, ACountOverTwoToTheFortyIsRefusedWithoutOverflow) {
  constexpr std::int64_t kLimit = std::int64_t{1} << 40;
  constexpr std::int64_t kHuge = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(ElementCount(Shape{kLimit}), std::size_t{1} << 40);
  EXPECT_EQ(ElementCount(Shape{1 << 20, 1 << 20}), std::size_t{1} << 40);
  EXPECT_EQ(ElementCount(Shape{kLimit + 1}), std::nullopt);
  EXPECT_EQ(ElementCount(Shape{kHuge, kHuge, kHuge}), std::nullopt);
  // 2^32 * 2^32 is 0 in 64 bits.
  EXPECT_EQ(ElementCount(Shape{std::int64_t{1} << 32, std::int64_t{1} << 32}), std::nullopt);
  EXPECT_EQ(ElementCount(Shape{kHuge, kHuge, 0}), 0u);
}

TEST(TensorTest, ElementsAreReadAndWrittenInPlace) {
  Tensor tensor{"x", DataType::kInt32, {2}, std::vector<std::byte>(8), {}};
  tensor.As<std::int32_t>()[1] = -5;
  const Tensor& read_only = tensor;
  EXPECT_EQ(read_only.As<std::int32_t>().size(), 2u);
  EXPECT_EQ(read_only.As<std::int32_t>()[0], 0);
  EXPECT_EQ(read_only.As<std::int32_t>()[1], -5);
}

}  // namespace
}  // namespace baton::models
