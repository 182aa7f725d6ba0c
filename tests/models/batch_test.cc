// Rows put together and taken apart.
#include "server/models/batch.h"

#include <array>
#include <cstdint>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/models/support.h"

namespace baton::models {
namespace {

using ::testing::ElementsAre;
using Request = std::vector<Tensor>;

Tensor Texts(Shape shape, std::vector<std::string> strings) {
  return {"text", DataType::kBytes, std::move(shape), {}, std::move(strings)};
}

void ExpectSame(const Tensor& got, const Tensor& expected) {
  EXPECT_EQ(got.name, expected.name);
  EXPECT_EQ(got.type, expected.type) << got.name;
  EXPECT_EQ(got.shape, expected.shape) << got.name;
  EXPECT_EQ(got.raw, expected.raw) << got.name;
  EXPECT_EQ(got.strings, expected.strings) << got.name;
}

TEST(BatchTest, AModelHasABatchDimensionWhenEveryFirstOneIsOpen) {
  struct Row {
    std::vector<Shape> inputs;
    std::vector<Shape> outputs;
    bool expected;
  };
  const std::vector<Row> table = {
      {{{-1, 2}}, {{-1}}, true},
      {{{-1}, {-1, -1}}, {{-1}, {-1, 3}}, true},
      {{{1, 2}}, {{-1}}, false},
      {{{-1, 2}}, {{1}}, false},
      {{{-1, 2}, {2}}, {{-1}}, false},
      {{{-1}}, {{-1}, {}}, false},
      {{{}}, {{-1}}, false},
      {{}, {{-1}}, false},
      {{{-1}}, {}, false},
      {{{2, -1}}, {{-1}}, false},
  };
  for (const Row& row : table) {
    ModelInfo info;
    for (const Shape& shape : row.inputs) info.inputs.push_back({"x", DataType::kFp32, shape});
    for (const Shape& shape : row.outputs) info.outputs.push_back({"y", DataType::kFp32, shape});
    EXPECT_EQ(HasBatchDimension(info), row.expected)
        << ::testing::PrintToString(row.inputs) << ::testing::PrintToString(row.outputs);
  }
}

TEST(BatchTest, RowsAreWhatAllTensorsHaveAsTheirFirstDimension) {
  const Tensor two = Floats("a", {2, 1}, {1, 2});
  EXPECT_EQ(RowsOf(Request{two}), 2u);
  EXPECT_EQ(RowsOf(Request{two, Texts({2}, {"x", "y"})}), 2u);
  EXPECT_EQ(RowsOf(Request{Floats("a", {0, 7}, {})}), 0u);
  EXPECT_EQ(RowsOf(Request{}), std::nullopt);
  EXPECT_EQ(RowsOf(Request{Floats("a", {}, {1})}), std::nullopt);
  EXPECT_EQ(RowsOf(Request{two, Floats("b", {}, {1})}), std::nullopt);
  EXPECT_EQ(RowsOf(Request{two, Floats("b", {3}, {1, 2, 3})}), std::nullopt);
}

TEST(BatchTest, RequestsAreAlikeWhenOnlyTheirRowsDiffer) {
  const Request one = {Floats("a", {1, 2}, {1, 2}), Texts({1}, {"x"})};
  const Request three = {Floats("a", {3, 2}, {1, 2, 3, 4, 5, 6}), Texts({3}, {"x", "y", "z"})};
  EXPECT_TRUE(AreAlikeButForRows(one, three));
  EXPECT_FALSE(AreAlikeButForRows(one, Request{one[0]}));
  EXPECT_FALSE(AreAlikeButForRows(one, Request{one[1], one[0]}));
  EXPECT_FALSE(AreAlikeButForRows(one, Request{Floats("b", {1, 2}, {1, 2}), one[1]}));
  EXPECT_FALSE(AreAlikeButForRows(one, Request{Floats("a", {1, 3}, {1, 2, 3}), one[1]}));
  EXPECT_FALSE(AreAlikeButForRows(one, Request{Floats("a", {1, 2, 1}, {1, 2}), one[1]}));
  EXPECT_FALSE(AreAlikeButForRows(
      one, Request{MakeTensor<std::int32_t>("a", DataType::kInt32, {1, 2}, {1, 2}), one[1]}));
  const Request scalar = {Floats("a", {}, {1})};
  EXPECT_FALSE(AreAlikeButForRows(scalar, scalar));
}

TEST(BatchTest, RowsFollowEachOtherInTheOrderOfTheRequests) {
  const std::array<Request, 3> requests = {
      Request{Floats("a", {1, 2}, {1, 2}), Texts({1, 1}, {"one"})},
      Request{Floats("a", {0, 2}, {}), Texts({0, 1}, {})},
      Request{Floats("a", {2, 2}, {3, 4, 5, 6}), Texts({2, 1}, {"two", ""})},
  };
  const std::vector<std::span<const Tensor>> views(requests.begin(), requests.end());
  const std::vector<Tensor> all = Concatenate(views);
  ASSERT_EQ(all.size(), 2u);
  ExpectSame(all[0], Floats("a", {3, 2}, {1, 2, 3, 4, 5, 6}));
  ExpectSame(all[1], Texts({3, 1}, {"one", "two", ""}));
}

// A tensor of `rows` rows of three elements, whose bytes count up.
Tensor Counting(DataType type, std::int64_t rows) {
  Tensor tensor{"x", type, {rows, 3}, {}, {}};
  const auto count = static_cast<std::size_t>(rows) * 3;
  for (std::size_t i = 0; i < count; ++i) {
    if (type == DataType::kBytes) tensor.strings.push_back("element " + std::to_string(i));
    for (std::size_t byte = 0; byte < ElementSize(type); ++byte) {
      tensor.raw.push_back(static_cast<std::byte>(tensor.raw.size()));
    }
  }
  return tensor;
}

TEST(BatchTest, EveryDatatypeComesApartAsItWasPutTogether) {
  const std::vector<std::size_t> rows = {2, 0, 1, 4};
  for (int type = 0; type <= static_cast<int>(DataType::kBf16); ++type) {
    const Tensor whole = Counting(static_cast<DataType>(type), 7);
    const auto parts = SplitRows({whole}, rows);
    ASSERT_TRUE(parts) << ToText(whole.type);
    std::vector<std::span<const Tensor>> views;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      EXPECT_EQ(RowsOf((*parts)[i]), rows[i]) << ToText(whole.type);
      views.emplace_back((*parts)[i]);
    }
    ExpectSame(Concatenate(views)[0], whole);
  }
}

TEST(BatchTest, EachRequestGetsItsOwnRowsOfEveryOutput) {
  const std::vector<std::size_t> rows = {1, 2};
  const auto parts =
      SplitRows({Floats("score", {3, 2}, {1, 2, 3, 4, 5, 6}), Texts({3}, {"x", "y", "z"})}, rows);
  ASSERT_TRUE(parts);
  ASSERT_EQ(parts->size(), 2u);
  ExpectSame((*parts)[0][0], Floats("score", {1, 2}, {1, 2}));
  ExpectSame((*parts)[0][1], Texts({1}, {"x"}));
  ExpectSame((*parts)[1][0], Floats("score", {2, 2}, {3, 4, 5, 6}));
  ExpectSame((*parts)[1][1], Texts({2}, {"y", "z"}));
}

TEST(BatchTest, OutputsThatHaveNoRowForEachRowDoNotComeApart) {
  const std::vector<std::size_t> rows = {1, 2};
  EXPECT_FALSE(SplitRows({Floats("sum", {1}, {6})}, rows));
  EXPECT_FALSE(SplitRows({Floats("sum", {}, {6})}, rows));
  EXPECT_FALSE(SplitRows({Floats("more", {4}, {1, 2, 3, 4})}, rows));
  EXPECT_FALSE(SplitRows({Floats("good", {3}, {1, 2, 3}), Floats("sum", {1}, {6})}, rows));
  EXPECT_FALSE(SplitRows({Floats("short", {3}, {1, 2})}, rows));
  EXPECT_FALSE(SplitRows({Texts({3}, {"x"})}, rows));
  EXPECT_FALSE(SplitRows({Floats("open", {3, -1}, {1, 2, 3})}, rows));
}

}  // namespace
}  // namespace baton::models
