// Tensors out of JSON and back: exactness, nesting, and what is refused.
#include "server/api/tensor_json.h"

#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <span>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/api/fake_model.h"
#include "tests/api/random_json.h"

namespace baton::api {
namespace {

using models::DataType;
using models::Tensor;
using testing::HasSubstr;

Result<Tensor> Read(const std::string& data, DataType type, models::Shape shape) {
  const std::string body = Padded(data);
  Tensor tensor{"x", type, std::move(shape), {}, {}};
  Status status = ReadTensor(ParseJson(body).value(), tensor, {"inputs", 0, "data"});
  if (!status) return tl::unexpected(std::move(status.error()));
  return tensor;
}

std::string Write(const Tensor& tensor) {
  std::string out;
  Status status = AppendElements(out, tensor, 0, *models::ElementCount(tensor.shape));
  return status ? out : "failed: " + status.error().message;
}

template <typename T>
Tensor Make(DataType type, const std::vector<T>& elements) {
  Tensor tensor{"y", type, {static_cast<std::int64_t>(elements.size())}, {}, {}};
  const auto bytes = std::as_bytes(std::span(elements));
  tensor.raw.assign(bytes.begin(), bytes.end());
  return tensor;
}

TEST(TensorJsonTest, EveryDatatypeWithAJsonFormGoesInAndOutUnchanged) {
  const std::vector<std::tuple<DataType, std::string>> table = {
      {DataType::kBool, "true,false,true"},
      {DataType::kUint8, "0,255,7"},
      {DataType::kUint16, "0,65535,7"},
      {DataType::kUint32, "0,4294967295,7"},
      {DataType::kUint64, "0,18446744073709551615,9223372036854775808"},
      {DataType::kInt8, "-128,127,0"},
      {DataType::kInt16, "-32768,32767,0"},
      {DataType::kInt32, "-2147483648,2147483647,0"},
      {DataType::kInt64, "-9223372036854775808,9223372036854775807,9007199254740993"},
      {DataType::kFp32, "0.1,-0.0,3.4028235e+38"},
      {DataType::kFp64, "0.1,-0.0,1.7976931348623157e+308"},
      {DataType::kBytes, R"("abc","","h\u0000\"é")"},
  };
  for (const auto& [type, elements] : table) {
    const auto tensor = Read("[" + elements + "]", type, {3});
    ASSERT_TRUE(tensor) << elements << ": " << tensor.error().message;
    EXPECT_EQ(tensor->raw.size(), 3 * models::ElementSize(type));
    EXPECT_EQ(tensor->strings.size(), type == DataType::kBytes ? 3U : 0U);
    EXPECT_EQ(Write(*tensor), elements);
  }
}

TEST(TensorJsonTest, NestedAndFlatAreTheSame) {
  const auto flat = Read("[1,2,3,4,5,6,7,8]", DataType::kInt32, {2, 2, 2});
  const auto nested = Read("[[[1,2],[3,4]],[[5,6],[7,8]]]", DataType::kInt32, {2, 2, 2});
  ASSERT_TRUE(flat && nested);
  EXPECT_EQ(flat->raw, nested->raw);
  EXPECT_EQ(Write(*nested), "1,2,3,4,5,6,7,8");
  const auto text = Read(R"([["a"],["b"]])", DataType::kBytes, {2, 1});
  ASSERT_TRUE(text);
  EXPECT_EQ(text->strings, (std::vector<std::string>{"a", "b"}));
}

TEST(TensorJsonTest, EmptyTensorsAndScalars) {
  EXPECT_TRUE(Read("[]", DataType::kFp32, {0}));
  EXPECT_TRUE(Read("[]", DataType::kFp32, {0, 30}));
  EXPECT_TRUE(Read("[]", DataType::kFp32, {2, 0}));
  EXPECT_TRUE(Read("[[],[]]", DataType::kFp32, {2, 0}));
  EXPECT_TRUE(Read("[1.5]", DataType::kFp32, {}));
  EXPECT_FALSE(Read("[1.5,2]", DataType::kFp32, {}));
  EXPECT_FALSE(Read("1.5", DataType::kFp32, {}));
}

TEST(TensorJsonTest, AWholeNumberServesAsAFloat) {
  const auto tensor = Read("[3,18446744073709551615]", DataType::kFp32, {2});
  ASSERT_TRUE(tensor);
  EXPECT_EQ(tensor->As<float>()[0], 3.0F);
  EXPECT_EQ(tensor->As<float>()[1], 18446744073709551615.0F);
}

struct Refused {
  std::string data;
  DataType type;
  models::Shape shape;
  std::string message;
};

TEST(TensorJsonTest, RefusalsNameTheInputWhatWasExpectedAndWhatCame) {
  const std::vector<Refused> table = {
      {"[1,2,3]", DataType::kFp32, {1, 30}, "expected 30 elements for shape [1,30], got 3"},
      {"[1,2,3]", DataType::kFp32, {2}, "expected 2 elements for shape [2], got 3"},
      {"[]", DataType::kFp32, {2}, "expected 2 elements for shape [2], got 0"},
      {"[1]", DataType::kFp32, {0}, "expected 0 elements for shape [0], got 1"},
      {"[[1,2],[3]]",
       DataType::kFp32,
       {2, 2},
       "expected arrays nested as shape [2,2]: where dimension 1 has 2 elements, got an array of "
       "1"},
      {"[[1,2],3]", DataType::kFp32, {2, 2}, "where dimension 1 has 2 elements, got 3"},
      {"[[1,2]]", DataType::kFp32, {2, 2}, "where dimension 0 has 2 elements, got an array of 1"},
      {"[[1,2],[3,[4]]]",
       DataType::kFp32,
       {2, 2},
       "element 3 of FP32: expected a number in the range of FP32, got an array of 1"},
      {"[1,[2],3,4]", DataType::kFp32, {2, 2}, "element 1 of FP32"},
      {"[[1,2,3,4]]", DataType::kFp32, {4}, "expected 4 elements for shape [4], got 1"},
      {"[[[1]],[[2]]]", DataType::kFp32, {2, 1}, "element 0 of FP32"},
      {"\"x\"",
       DataType::kFp32,
       {1},
       "expected an array of 1 elements for shape [1], got the string"},
      {"{}", DataType::kFp32, {1}, "got an object"},
      {"[1]", DataType::kFp32, {1099511627776}, "expected 1099511627776 elements"},
      {"[[1]]", DataType::kFp32, {1, 1099511627776}, "dimension 1 has 1099511627776 elements"},
      {"[1]", DataType::kFp32, {-1}, "shape [-1] has a negative size"},
      {"[1]",
       DataType::kFp32,
       {1099511627776, 1099511627776},
       "more elements than a tensor may have"},
      {"[1.0]",
       DataType::kInt32,
       {1},
       "expected a whole number from -2147483648 to 2147483647, got 1.0"},
      {"[1,300]",
       DataType::kUint8,
       {2},
       "element 1 of UINT8: expected a whole number from 0 to 255, got 300"},
      {"[-1]", DataType::kUint64, {1}, "from 0 to 18446744073709551615, got -1"},
      {"[1]", DataType::kBool, {1}, "element 0 of BOOL: expected true or false, got 1"},
      {"[true]", DataType::kInt8, {1}, "from -128 to 127, got true"},
      {"[1e39]", DataType::kFp32, {1}, "expected a number in the range of FP32, got 1e+39"},
      {"[\"1\"]", DataType::kFp64, {1}, "got the string '1'"},
      {"[null]", DataType::kFp64, {1}, "got null"},
      {"[1]", DataType::kBytes, {1}, "element 0 of BYTES: expected a string, got 1"},
      {"[1]", DataType::kFp16, {1}, "FP16 has no JSON form: it travels raw only"},
      {"[1]", DataType::kBf16, {1}, "BF16 has no JSON form: it travels raw only"},
  };
  for (const Refused& row : table) {
    const auto tensor = Read(row.data, row.type, row.shape);
    ASSERT_FALSE(tensor) << row.data;
    EXPECT_EQ(tensor.error().code, ErrorCode::kInvalidArgument) << row.data;
    EXPECT_EQ(tensor.error().field, "inputs[0].data") << row.data;
    EXPECT_THAT(tensor.error().message, HasSubstr(row.message)) << row.data;
    EXPECT_THAT(tensor.error().message, HasSubstr("input 'x': ")) << row.data;
  }
}

TEST(TensorJsonTest, AnyRankIsFineAsLongAsTheDataBearsItOut) {
  const models::Shape many(1000, 1);
  EXPECT_TRUE(Read("[7]", DataType::kInt8, many));
  EXPECT_FALSE(Read("[[7]]", DataType::kInt8, many));
}

TEST(TensorJsonTest, RandomNumbersReadBackWithTheSameBits) {
  const std::uint64_t seed = TestSeed();
  std::mt19937_64 random(seed);
  std::vector<float> singles;
  std::vector<double> doubles;
  std::vector<std::int64_t> integers;
  while (singles.size() < 5'000) {
    const std::uint64_t bits = random();
    const auto single = std::bit_cast<float>(static_cast<std::uint32_t>(bits));
    const auto twice = std::bit_cast<double>(bits);
    if (!std::isfinite(single) || !std::isfinite(twice)) continue;
    singles.push_back(single);
    doubles.push_back(twice);
    integers.push_back(std::bit_cast<std::int64_t>(bits));
  }
  for (const Tensor& tensor : {Make(DataType::kFp32, singles), Make(DataType::kFp64, doubles),
                               Make(DataType::kInt64, integers)}) {
    const auto back = Read("[" + Write(tensor) + "]", tensor.type, tensor.shape);
    ASSERT_TRUE(back) << "seed " << seed;
    EXPECT_EQ(back->raw, tensor.raw) << "seed " << seed;
  }
}

TEST(TensorJsonTest, LargeWholeFloatsAreWrittenSoThatNobodyTakesThemForIntegers) {
  EXPECT_EQ(
      Write(Make<double>(DataType::kFp64, {3258993865664306348032.0, 9007199254740992, 12, 1e22})),
      "3258993865664306348032.0,9007199254740992.0,12,1e+22");
}

TEST(TensorJsonTest, WhatHasNoJsonFormIsAnErrorThatNamesTheOutput) {
  const std::vector<std::pair<Tensor, std::string>> table = {
      {Make<float>(DataType::kFp32, {1, std::nanf("")}),
       "output 'y': element 1 is NaN or infinite"},
      {Make<double>(DataType::kFp64, {std::numeric_limits<double>::infinity()}),
       "element 0 is NaN"},
      {Make<std::uint16_t>(DataType::kFp16, {1}),
       "output 'y': FP16 has no JSON form: ask for it raw"},
      {Tensor{"y", DataType::kInt8, {2}, {}, {}},
       "output 'y': shape [2] has more elements than its data"},
      {Tensor{"y", DataType::kBytes, {2}, {}, {"ok", "\xff"}},
       "element 1 is text that is not UTF-8, which has no JSON form: ask for it raw"},
  };
  for (const auto& [tensor, message] : table) {
    std::string out;
    const Status status = AppendElements(out, tensor, 0, *models::ElementCount(tensor.shape));
    ASSERT_FALSE(status) << message;
    EXPECT_THAT(status.error().message, HasSubstr(message));
  }
}

TEST(TensorJsonTest, NestedTextFollowsTheShape) {
  Tensor tensor = Make<std::int32_t>(DataType::kInt32, {1, 2, 3, 4, 5, 6});
  const auto nested = [&](const models::Shape& shape, std::size_t first) {
    std::string out;
    EXPECT_TRUE(AppendNested(out, tensor, shape, first));
    return out;
  };
  EXPECT_EQ(nested({}, 5), "6");
  EXPECT_EQ(nested({3}, 3), "[4,5,6]");
  EXPECT_EQ(nested({3, 2}, 0), "[[1,2],[3,4],[5,6]]");
  EXPECT_EQ(nested({1, 2, 1}, 2), "[[[3],[4]]]");
  EXPECT_EQ(nested({2, 0}, 0), "[[],[]]");
  EXPECT_EQ(nested({0}, 0), "[]");
}

}  // namespace
}  // namespace baton::api
