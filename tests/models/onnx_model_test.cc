// Models of every datatype through ONNX Runtime, and what it refuses.
#include "server/models/onnxruntime/onnx_model.h"

#include <cmath>
#include <cstdint>
#include <ctime>
#include <limits>
#include <optional>
#include <stop_token>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>

#include "server/base/log.h"
#include "tests/models/support.h"

namespace baton::models {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using namespace std::string_literals;

Tensor Strings(std::string name, std::vector<std::string> strings) {
  const auto count = static_cast<std::int64_t>(strings.size());
  return {std::move(name), DataType::kBytes, {count}, {}, std::move(strings)};
}

// Two elements of each datatype, the extremes where there are any.
template <typename T>
Tensor Extremes(std::string name, DataType type) {
  return MakeTensor<T>(std::move(name), type, {2},
                       {std::numeric_limits<T>::lowest(), std::numeric_limits<T>::max()});
}

std::vector<Tensor> OneOfEachType() {
  return {
      MakeTensor<std::uint8_t>("BOOL_in", DataType::kBool, {2}, {1, 0}),
      Extremes<std::uint8_t>("UINT8_in", DataType::kUint8),
      Extremes<std::uint16_t>("UINT16_in", DataType::kUint16),
      Extremes<std::uint32_t>("UINT32_in", DataType::kUint32),
      Extremes<std::uint64_t>("UINT64_in", DataType::kUint64),
      Extremes<std::int8_t>("INT8_in", DataType::kInt8),
      Extremes<std::int16_t>("INT16_in", DataType::kInt16),
      Extremes<std::int32_t>("INT32_in", DataType::kInt32),
      Extremes<std::int64_t>("INT64_in", DataType::kInt64),
      MakeTensor<std::uint16_t>("FP16_in", DataType::kFp16, {2}, {0x3C00, 0xFBFF}),
      Extremes<float>("FP32_in", DataType::kFp32),
      Extremes<double>("FP64_in", DataType::kFp64),
      Strings("BYTES_in", {"", "a\0b \xC3\xA9"s}),
      MakeTensor<std::uint16_t>("BF16_in", DataType::kBf16, {2}, {0x3F80, 0xFF7F}),
  };
}

TEST(OnnxModelTest, EveryDatatypeComesBackAsItWentIn) {
  const auto model = LoadTestModel("all_types");
  const std::vector<Tensor> inputs = OneOfEachType();
  const auto outputs = model->Predict(inputs, {}, {});
  ASSERT_TRUE(outputs) << outputs.error().message;
  ASSERT_EQ(outputs->size(), inputs.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Tensor& output = (*outputs)[i];
    EXPECT_EQ(output.name, std::string(ToText(inputs[i].type)) + "_out");
    EXPECT_EQ(output.type, inputs[i].type) << output.name;
    EXPECT_EQ(output.shape, inputs[i].shape) << output.name;
    EXPECT_EQ(output.raw, inputs[i].raw) << output.name;
    EXPECT_EQ(output.strings, inputs[i].strings) << output.name;
  }
}

TEST(OnnxModelTest, ALargeOutputIsLentByTheRunAndASmallOneCopied) {
  const auto model = LoadTestModel("two_inputs");
  const auto sum_of = [&model](std::int64_t rows) {
    const std::vector<float> ones(static_cast<std::size_t>(rows) * 2, 1.0F);
    const auto outputs =
        model->Predict(std::vector{Floats("a", {rows, 2}, ones), Floats("b", {rows, 2}, ones)},
                       std::vector{"sum"s}, {});
    return outputs.value()[0];
  };
  EXPECT_FALSE(sum_of(1).raw.is_borrowed());
  const Tensor large = sum_of(5000);
  EXPECT_TRUE(large.raw.is_borrowed());
  EXPECT_THAT(ElementsOf<float>(large), testing::Each(2.0F));
}

TEST(OnnxModelTest, AnOutputNeverLiesInTheMemoryOfAnInput) {
  const auto model = LoadTestModel("all_types");
  std::vector<Tensor> inputs = OneOfEachType();
  for (Tensor& input : inputs) {
    input.shape = {8192};
    input.strings.resize(input.strings.empty() ? 0 : 8192);
    input.raw.resize(8192 * ElementSize(input.type));
  }
  const auto outputs = model->Predict(inputs, {}, {});
  ASSERT_TRUE(outputs) << outputs.error().message;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Tensor& output = (*outputs)[i];
    EXPECT_EQ(output.raw, inputs[i].raw) << output.name;
    EXPECT_TRUE(output.raw.empty() || output.raw.begin() != std::as_const(inputs[i]).raw.data());
  }
}

TEST(OnnxModelTest, EmptyTensorsOfEveryDatatypePass) {
  const auto model = LoadTestModel("all_types");
  std::vector<Tensor> inputs = OneOfEachType();
  for (Tensor& input : inputs) {
    input.shape = {0};
    input.raw.clear();
    input.strings.clear();
  }
  const auto outputs = model->Predict(inputs, {}, {});
  ASSERT_TRUE(outputs) << outputs.error().message;
  for (const Tensor& output : *outputs) {
    EXPECT_THAT(output.shape, ElementsAre(0)) << output.name;
    EXPECT_TRUE(output.raw.empty() && output.strings.empty()) << output.name;
  }
}

TEST(OnnxModelTest, NanAndInfinityPassUnchanged) {
  const auto model = LoadTestModel("two_inputs");
  const float infinity = std::numeric_limits<float>::infinity();
  const auto outputs =
      model->Predict(std::vector{Floats("a", {1, 2}, {NAN, infinity}), Floats("b", {1, 2}, {1, 1})},
                     std::vector{"sum"s}, {});
  ASSERT_TRUE(outputs) << outputs.error().message;
  EXPECT_TRUE(std::isnan((*outputs)[0].As<float>()[0]));
  EXPECT_EQ((*outputs)[0].As<float>()[1], infinity);
}

TEST(OnnxModelTest, AModelSaysItsNamesTypesAndShapes) {
  const auto model = LoadTestModel("two_inputs");
  const ModelInfo& info = model->info();
  EXPECT_EQ(info.name, "two_inputs");
  EXPECT_EQ(info.version, "1");
  EXPECT_EQ(info.platform, "onnxruntime_onnx");
  ASSERT_EQ(info.inputs.size(), 2u);
  EXPECT_EQ(info.inputs[1].name, "b");
  EXPECT_EQ(info.inputs[1].type, DataType::kFp32);
  EXPECT_THAT(info.inputs[1].shape, ElementsAre(-1, 2));
  ASSERT_EQ(info.outputs.size(), 2u);
  EXPECT_EQ(info.outputs[0].name, "sum");
}

TEST(OnnxModelTest, AScalarHasAnEmptyShape) {
  const auto model = LoadTestModel("scalar");
  const auto outputs = model->Predict(std::vector{Floats("x", {}, {2.5F})}, {}, {});
  ASSERT_TRUE(outputs) << outputs.error().message;
  EXPECT_TRUE((*outputs)[0].shape.empty());
  EXPECT_THAT(ElementsOf<float>((*outputs)[0]), ElementsAre(-2.5F));
}

TEST(OnnxModelTest, InputsInAnyOrderAndOutputsInTheWantedOne) {
  const auto model = LoadTestModel("two_inputs");
  const auto outputs =
      model->Predict(std::vector{Floats("b", {1, 2}, {1, 2}), Floats("a", {1, 2}, {10, 20})},
                     std::vector{"difference"s, "sum"s}, {});
  ASSERT_TRUE(outputs) << outputs.error().message;
  ASSERT_EQ(outputs->size(), 2u);
  EXPECT_EQ((*outputs)[0].name, "difference");
  EXPECT_THAT(ElementsOf<float>((*outputs)[0]), ElementsAre(9, 18));
  EXPECT_EQ((*outputs)[1].name, "sum");
  EXPECT_THAT(ElementsOf<float>((*outputs)[1]), ElementsAre(11, 22));
}

TEST(OnnxModelTest, AnUnknownOutputIsRefusedBeforeTheRun) {
  const auto model = LoadTestModel("scalar");
  const auto outputs = model->Predict(std::vector{Floats("x", {}, {1})}, std::vector{"y"s}, {});
  ASSERT_FALSE(outputs);
  EXPECT_EQ(outputs.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(outputs.error().message, HasSubstr("output 'y'"));
}

TEST(OnnxModelTest, AWrongShapeNamesTheInput) {
  const auto model = LoadTestModel("two_inputs");
  const auto outputs = model->Predict(
      std::vector{Floats("a", {1, 2}, {1, 2}), Floats("b", {1, 3}, {1, 2, 3})}, {}, {});
  ASSERT_FALSE(outputs);
  EXPECT_EQ(outputs.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(outputs.error().message, "input 'b': expected shape [-1,2], got [1,3]");
}

TEST(OnnxModelTest, ARunThatFailsForRowsThatDoNotMatchIsTheCallersFault) {
  const auto model = LoadTestModel("two_inputs");
  const std::vector mismatched = {Floats("a", {3, 2}, {1, 2, 3, 4, 5, 6}),
                                  Floats("b", {2, 2}, {1, 2, 3, 4})};
  const auto outputs = model->Predict(mismatched, {}, {});
  ASSERT_FALSE(outputs);
  EXPECT_EQ(outputs.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(outputs.error().message,
            "input 'b': expected 3 for dimension 0 ('n'), as input 'a' of shape [3,2] has, "
            "got [2,2]");

  const std::vector matching = {Floats("a", {1, 2}, {1, 2}), Floats("b", {1, 2}, {3, 4})};
  EXPECT_TRUE(model->Predict(matching, {}, {}));
}

TEST(OnnxModelTest, WhatTheRunCallsAnInvalidArgumentIsTheCallersFault) {
  const auto model = LoadTestModel("lookup");
  const auto index = [](std::int64_t value) {
    return std::vector{MakeTensor<std::int64_t>("index", DataType::kInt64, {1}, {value})};
  };
  const auto found = model->Predict(index(2), {}, {});
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_THAT(ElementsOf<std::int64_t>((*found)[0]), ElementsAre(30));

  const auto outside = model->Predict(index(99), {}, {});
  ASSERT_FALSE(outside);
  EXPECT_EQ(outside.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(outside.error().message, HasSubstr("99"));
  EXPECT_THAT(outside.error().message, Not(HasSubstr("\n")));
  EXPECT_THAT(outside.error().message, Not(HasSubstr("/onnxruntime")));
}

TEST(OnnxModelTest, ACallersFaultIsLoggedAtDebugOnly) {
  const LogGuard log({LogOptions::Format::kText, LogLevel::kDebug});
  const auto model = LoadTestModel("lookup");
  const auto debug_before = LogLinesWritten(LogLevel::kDebug);
  const auto warnings_before = LogLinesWritten(LogLevel::kWarning);
  const auto errors_before = LogLinesWritten(LogLevel::kError);
  const auto outside = model->Predict(
      std::vector{MakeTensor<std::int64_t>("index", DataType::kInt64, {1}, {99})}, {}, {});
  ASSERT_FALSE(outside);
  EXPECT_GT(LogLinesWritten(LogLevel::kDebug), debug_before);
  EXPECT_EQ(LogLinesWritten(LogLevel::kWarning), warnings_before);
  EXPECT_EQ(LogLinesWritten(LogLevel::kError), errors_before);
}

// Inputs of the model that adds one `rounds` times.
std::vector<Tensor> Rounds(std::int64_t rounds) {
  return {MakeTensor<std::int64_t>("rounds", DataType::kInt64, {}, {rounds}), Floats("x", {}, {0})};
}
constexpr std::int64_t kForever = std::numeric_limits<std::int64_t>::max();

// Comes back when `thread` has computed for so long that it cannot still be on its way into the
// model.
void WaitUntilBusy(std::thread& thread) {
  constexpr long kEntryNs = 3'000'000;
  clockid_t cpu_time{};
  ASSERT_EQ(::pthread_getcpuclockid(thread.native_handle(), &cpu_time), 0);
  timespec spent{};
  while (::clock_gettime(cpu_time, &spent) == 0 && spent.tv_sec == 0 && spent.tv_nsec < kEntryNs) {
    std::this_thread::yield();
  }
}

TEST(OnnxModelTest, ARunIsStoppedInItsMiddleAndTheModelGoesOn) {
  const auto model = LoadTestModel("rounds");
  std::stop_source stop;
  std::optional<Result<std::vector<Tensor>>> outputs;
  std::thread runner([&] { outputs = model->Predict(Rounds(kForever), {}, stop.get_token()); });
  WaitUntilBusy(runner);
  stop.request_stop();
  runner.join();
  ASSERT_FALSE(*outputs);
  EXPECT_EQ(outputs->error().code, ErrorCode::kDeadlineExceeded);
  EXPECT_EQ(outputs->error().message, "the run was stopped: nobody waits for its answer");

  const auto after = model->Predict(Rounds(5), {}, std::stop_source().get_token());
  ASSERT_TRUE(after) << after.error().message;
  EXPECT_THAT(ElementsOf<float>((*after)[0]), ElementsAre(5));
}

TEST(OnnxModelTest, ARunThatNobodyWantsIsNotBegun) {
  const auto model = LoadTestModel("rounds");
  std::stop_source stop;
  stop.request_stop();
  const auto outputs = model->Predict(Rounds(kForever), {}, stop.get_token());
  ASSERT_FALSE(outputs);
  EXPECT_EQ(outputs.error().code, ErrorCode::kDeadlineExceeded);
}

TEST(OnnxModelTest, StoppingOneRunLeavesTheOthersAlone) {
  const auto model = LoadTestModel("rounds");
  std::stop_source stop;
  std::optional<Result<std::vector<Tensor>>> stopped;
  std::thread runner([&] { stopped = model->Predict(Rounds(kForever), {}, stop.get_token()); });
  std::optional<Result<std::vector<Tensor>>> other;
  std::stop_source other_stop;
  std::thread other_runner(
      [&] { other = model->Predict(Rounds(2'000), {}, other_stop.get_token()); });
  WaitUntilBusy(runner);
  stop.request_stop();
  runner.join();
  other_runner.join();
  EXPECT_EQ(stopped->error().code, ErrorCode::kDeadlineExceeded);
  ASSERT_TRUE(*other) << other->error().message;
  EXPECT_THAT(ElementsOf<float>((**other)[0]), ElementsAre(2'000));
}

TEST(OnnxModelTest, ABadInputIsSaidEvenWhenNobodyWaits) {
  const auto model = LoadTestModel("rounds");
  std::stop_source stop;
  stop.request_stop();
  const auto outputs = model->Predict(std::vector{Floats("x", {}, {0})}, {}, stop.get_token());
  ASSERT_FALSE(outputs);
  EXPECT_EQ(outputs.error().code, ErrorCode::kInvalidArgument);
}

TEST(OnnxModelTest, AnOutputThatIsNoTensorIsRefusedAtLoadByName) {
  const auto model = OnnxModel::FromFile(Runtime(), "m", "1", DataFile("map_output"));
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(model.error().message, "output 'by_class' is a sequence, only tensors can be served");
}

TEST(OnnxModelTest, AnElementTypeWithoutADatatypeIsRefusedAtLoadByName) {
  const auto model = OnnxModel::FromFile(Runtime(), "m", "1", DataFile("float8"));
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(model.error().message, AllOf(HasSubstr("input 'x'"), HasSubstr("no datatype")));
}

TEST(OnnxModelTest, BytesThatAreNoModelAreRefused) {
  const std::string text = "this is no model";
  for (const std::size_t size : {text.size(), std::size_t{0}}) {
    const auto bytes = std::as_bytes(std::span<const char>(text.data(), size));
    const auto model = OnnxModel::FromBytes(Runtime(), "m", "1", bytes);
    ASSERT_FALSE(model) << size;
    EXPECT_EQ(model.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(model.error().message, HasSubstr("ONNX Runtime: "));
  }
}

TEST(OnnxModelTest, SeveralThreadsPredictAtOnceOnOneSession) {
  const auto model = LoadTestModel("two_inputs");
  constexpr int kThreads = 4;
  constexpr int kCalls = 200;
  std::vector<int> right(kThreads);
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&model, &right, thread] {
        for (int call = 0; call < kCalls; ++call) {
          const auto a = static_cast<float>(thread * 1000 + call);
          const auto outputs =
              model->Predict(std::vector{Floats("a", {1, 2}, {a, a}), Floats("b", {1, 2}, {1, 2})},
                             std::vector{"sum"s}, {});
          const bool is_right = outputs && (*outputs)[0].As<float>()[1] == a + 2;
          right[static_cast<std::size_t>(thread)] += is_right ? 1 : 0;
        }
      });
    }
  }
  EXPECT_THAT(right, ::testing::Each(kCalls));
}

}  // namespace
}  // namespace baton::models
