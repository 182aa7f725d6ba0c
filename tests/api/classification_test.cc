// The largest elements of an output, as text.
#include "server/api/classification.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace baton::api {
namespace {

using models::DataType;
using models::Tensor;
using testing::ElementsAre;
using testing::HasSubstr;

template <typename T>
Tensor Make(DataType type, models::Shape shape, const std::vector<T>& elements) {
  Tensor tensor{"p", type, std::move(shape), {}, {}};
  tensor.raw.resize(elements.size() * sizeof(T));
  if (!elements.empty()) std::memcpy(tensor.raw.data(), elements.data(), tensor.raw.size());
  return tensor;
}

Tensor Floats(models::Shape shape, const std::vector<float>& elements) {
  return Make(DataType::kFp32, std::move(shape), elements);
}

TEST(ClassificationTest, TheLargestOfEachRowComeFirstWithTheirIndexes) {
  const auto classes = Classify(Floats({2, 3}, {0.1F, 0.7F, 0.2F, 3, -2, 1e10F}), 2, true, {});
  ASSERT_TRUE(classes) << classes.error().message;
  EXPECT_EQ(classes->name, "p");
  EXPECT_EQ(classes->type, DataType::kBytes);
  EXPECT_THAT(classes->shape, ElementsAre(2, 2));
  EXPECT_THAT(classes->strings, ElementsAre("0.7:1", "0.2:2", "1e+10:2", "3:0"));
}

TEST(ClassificationTest, WithoutRowsTheWholeOutputIsOne) {
  const auto classes = Classify(Floats({1, 3}, {1, 3, 2}), 2, false, {});
  EXPECT_THAT(classes->shape, ElementsAre(2));
  EXPECT_THAT(classes->strings, ElementsAre("3:1", "2:2"));
}

TEST(ClassificationTest, MoreThanThereAreIsAll) {
  const auto classes = Classify(Floats({1, 2}, {1, 2}), 1000, true, {});
  EXPECT_THAT(classes->shape, ElementsAre(1, 2));
  EXPECT_THAT(classes->strings, ElementsAre("2:1", "1:0"));
}

TEST(ClassificationTest, LabelsFollowWhereThereAreSome) {
  const std::vector<std::string> labels = {"benign", "malignant"};
  EXPECT_THAT(Classify(Floats({1, 3}, {1, 2, 3}), 3, true, labels)->strings,
              ElementsAre("3:2", "2:1:malignant", "1:0:benign"));
}

TEST(ClassificationTest, ARowOfOneElementIsOneClass) {
  const auto classes = Classify(Make<std::int64_t>(DataType::kInt64, {2}, {7, 9}), 5, true, {});
  EXPECT_THAT(classes->shape, ElementsAre(2, 1));
  EXPECT_THAT(classes->strings, ElementsAre("7:0", "9:0"));
}

TEST(ClassificationTest, EveryKindOfNumberIsWrittenExactly) {
  EXPECT_THAT(Classify(Make<std::int8_t>(DataType::kInt8, {2}, {-5, 65}), 2, false, {})->strings,
              ElementsAre("65:1", "-5:0"));
  EXPECT_THAT(
      Classify(Make<std::uint64_t>(DataType::kUint64, {1}, {18446744073709551615U}), 1, false, {})
          ->strings,
      ElementsAre("18446744073709551615:0"));
  EXPECT_THAT(Classify(Make<double>(DataType::kFp64, {1}, {0.1}), 1, false, {})->strings,
              ElementsAre("0.1:0"));
}

TEST(ClassificationTest, EqualOnesKeepTheirOrderAndNanComesLast) {
  const float infinity = std::numeric_limits<float>::infinity();
  const auto classes = Classify(Floats({6}, {NAN, 1, -infinity, 1, NAN, infinity}), 6, false, {});
  EXPECT_THAT(classes->strings, ElementsAre("inf:5", "1:1", "1:3", "-inf:2", "nan:0", "nan:4"));
}

TEST(ClassificationTest, RowsWithoutElementsHaveNoClasses) {
  EXPECT_THAT(Classify(Floats({0, 3}, {}), 2, true, {})->shape, ElementsAre(0, 0));
  EXPECT_THAT(Classify(Floats({1LL << 39, 0}, {}), 2, true, {})->shape, ElementsAre(1LL << 39, 0));
}

TEST(ClassificationTest, WhatIsNoNumberIsTheClientsFault) {
  for (const DataType type :
       {DataType::kBool, DataType::kBytes, DataType::kFp16, DataType::kBf16}) {
    const auto classes = Classify(Tensor{"p", type, {0}, {}, {}}, 1, false, {});
    ASSERT_FALSE(classes);
    EXPECT_EQ(classes.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(classes.error().message, HasSubstr("output 'p': expected FP32, FP64 or integers"));
    EXPECT_THAT(classes.error().message, HasSubstr(models::ToText(type)));
  }
}

TEST(ClassificationTest, AnOutputThatDoesNotHoldWhatItsShapeSaysIsAnError) {
  EXPECT_EQ(Classify(Floats({3}, {1}), 1, false, {}).error().code, ErrorCode::kInternal);
  EXPECT_EQ(Classify(Floats({}, {1}), 1, true, {}).error().code, ErrorCode::kInternal);
}

}  // namespace
}  // namespace baton::api
