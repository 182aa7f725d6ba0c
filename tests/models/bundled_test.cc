// The bundled models against their held-out rows: the answers that were recorded, and the accuracy.
#include "server/models/bundled.h"

#include <charconv>
#include <fstream>
#include <sstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/models/model_source.h"
#include "tests/models/support.h"

namespace baton::models {
namespace {

constexpr float kTolerance = 1e-5F;  // processors differ in how they add up a matrix product

struct Row {
  std::vector<float> features;
  std::int64_t true_label = 0;
  std::int64_t label = 0;
  std::vector<float> probabilities;
};

struct HeldOutRows {
  std::vector<Row> rows;
  std::size_t correct = 0;  // as recorded when the model was trained
};

template <typename T>
T Parse(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw std::runtime_error("no number: " + std::string(text));
  }
  return value;
}

std::vector<std::string> SplitAtCommas(const std::string& line) {
  std::vector<std::string> cells;
  std::istringstream stream(line);
  for (std::string cell; std::getline(stream, cell, ',');) cells.push_back(cell);
  return cells;
}

Row ParseRow(const std::vector<std::string>& header, const std::vector<std::string>& cells) {
  Row row;
  for (std::size_t i = 0; i < header.size(); ++i) {
    if (header[i] == "true_label") {
      row.true_label = Parse<std::int64_t>(cells.at(i));
    } else if (header[i] == "label") {
      row.label = Parse<std::int64_t>(cells.at(i));
    } else {
      auto& numbers = header[i].front() == 'x' ? row.features : row.probabilities;
      numbers.push_back(Parse<float>(cells.at(i)));
    }
  }
  return row;
}

// The file's first line ends in "N of M labels correct.", its second names the columns.
HeldOutRows ReadRows(const std::string& model_name) {
  std::ifstream file(std::string(BATON_TEST_BUNDLED_DIR) + "/" + model_name + ".rows.csv");
  std::string line;
  std::getline(file, line);
  const std::size_t colon = line.rfind(": ");
  if (colon == std::string::npos) throw std::runtime_error("no rows of " + model_name);
  HeldOutRows held_out;
  held_out.correct = static_cast<std::size_t>(std::stoul(line.substr(colon + 2)));
  std::getline(file, line);
  const std::vector<std::string> header = SplitAtCommas(line);
  while (std::getline(file, line)) held_out.rows.push_back(ParseRow(header, SplitAtCommas(line)));
  return held_out;
}

Tensor InputOf(const Row& row) {
  return Floats("input", {1, static_cast<std::int64_t>(row.features.size())}, row.features);
}

class BundledModelTest : public ::testing::TestWithParam<const char*> {
 protected:
  const Model& model() const { return *model_; }
  const HeldOutRows& held_out() const { return held_out_; }

 private:
  static std::unique_ptr<Model> Load() {
    const ModelSource source({{}, {BATON_TEST_ONNXRUNTIME_LIBRARY, {}}});
    const RepositoryScan scan = source.Scan();
    const ScannedModel& model = *FindModel(scan, GetParam());
    auto loaded = source.Load(model, model.versions.front());
    if (!loaded) throw std::runtime_error(loaded.error().message);
    return std::move(*loaded);
  }

  const std::unique_ptr<Model> model_ = Load();
  const HeldOutRows held_out_ = ReadRows(GetParam());
};

TEST_P(BundledModelTest, HeldOutRowsGetTheRecordedAnswers) {
  ASSERT_GE(held_out().rows.size(), 100u);
  for (std::size_t i = 0; i < held_out().rows.size(); ++i) {
    const Row& row = held_out().rows[i];
    const auto outputs = model().Predict(std::vector{InputOf(row)}, {}, {});
    ASSERT_TRUE(outputs) << outputs.error().message;
    ASSERT_EQ(outputs->size(), 2u);
    EXPECT_THAT(ElementsOf<std::int64_t>((*outputs)[0]), ::testing::ElementsAre(row.label)) << i;
    EXPECT_THAT(ElementsOf<float>((*outputs)[1]),
                ::testing::Pointwise(::testing::FloatNear(kTolerance), row.probabilities))
        << i;
  }
}

TEST_P(BundledModelTest, TheAccuracyOnHeldOutRowsIsTheRecordedOne) {
  // All rows as one batch.
  std::vector<float> features;
  for (const Row& row : held_out().rows) {
    features.insert(features.end(), row.features.begin(), row.features.end());
  }
  const auto rows = static_cast<std::int64_t>(held_out().rows.size());
  const auto columns = static_cast<std::int64_t>(features.size()) / rows;
  const auto outputs = model().Predict(std::vector{Floats("input", {rows, columns}, features)},
                                       std::vector<std::string>{"label"}, {});
  ASSERT_TRUE(outputs) << outputs.error().message;
  const auto labels = outputs->front().As<std::int64_t>();
  ASSERT_EQ(labels.size(), held_out().rows.size());
  std::size_t correct = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] == held_out().rows[i].true_label) ++correct;
  }
  EXPECT_EQ(correct, held_out().correct);
  EXPECT_GE(static_cast<double>(correct), 0.95 * static_cast<double>(rows));
}

TEST_P(BundledModelTest, TheModelSaysItsInputsAndOutputs) {
  const ModelInfo& info = model().info();
  const Row& row = held_out().rows.front();
  EXPECT_EQ(info.name, GetParam());
  EXPECT_EQ(info.version, "1");
  ASSERT_EQ(info.inputs.size(), 1u);
  EXPECT_EQ(info.inputs[0].name, "input");
  EXPECT_EQ(info.inputs[0].type, DataType::kFp32);
  EXPECT_EQ(info.inputs[0].shape, (Shape{-1, static_cast<std::int64_t>(row.features.size())}));
  ASSERT_EQ(info.outputs.size(), 2u);
  EXPECT_EQ(info.outputs[0].name, "label");
  EXPECT_EQ(info.outputs[0].type, DataType::kInt64);
  EXPECT_EQ(info.outputs[0].shape, Shape{-1});
  EXPECT_EQ(info.outputs[1].name, "probabilities");
  EXPECT_EQ(info.outputs[1].type, DataType::kFp32);
  EXPECT_EQ(info.outputs[1].shape,
            (Shape{-1, static_cast<std::int64_t>(row.probabilities.size())}));
}

TEST_P(BundledModelTest, TheSampleIsAnInferRequestWithTheFirstHeldOutRow) {
  const std::string sample(BundledSample(GetParam()));
  EXPECT_THAT(sample, ::testing::HasSubstr(R"("name": "input", "shape": [1, )"));
  EXPECT_THAT(sample, ::testing::HasSubstr(R"("datatype": "FP32")"));
  const std::string marker = R"("data": [)";
  const std::size_t begin = sample.find(marker);
  ASSERT_NE(begin, std::string::npos);
  const std::size_t first = begin + marker.size();
  std::string numbers = sample.substr(first, sample.find(']', first) - first);
  std::erase(numbers, ' ');
  std::vector<float> data;
  for (const std::string& cell : SplitAtCommas(numbers)) data.push_back(Parse<float>(cell));
  EXPECT_EQ(data, held_out().rows.front().features);
}

TEST_P(BundledModelTest, SeveralThreadsGetTheSameAnswersAsOne) {
  constexpr std::size_t kThreads = 4;
  std::vector<std::size_t> right(kThreads);
  {
    std::vector<std::jthread> threads;
    for (std::size_t thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([this, &right, thread] {
        for (const Row& row : held_out().rows) {
          const auto outputs = model().Predict(std::vector{InputOf(row)}, {}, {});
          if (outputs && outputs->front().As<std::int64_t>()[0] == row.label) ++right[thread];
        }
      });
    }
  }
  EXPECT_THAT(right, ::testing::Each(held_out().rows.size()));
}

INSTANTIATE_TEST_SUITE_P(All, BundledModelTest,
                         ::testing::Values("tumour", "tumour_logistic", "digits"),
                         [](const auto& parameter) { return std::string(parameter.param); });

TEST(BundledModelsTest, AreThreeAndNoModelIsEmpty) {
  std::vector<std::string_view> names;
  for (const BundledModel& model : BundledModels()) {
    names.push_back(model.name);
    EXPECT_GT(model.onnx.size(), 500u) << model.name;
  }
  EXPECT_THAT(names, ::testing::ElementsAre("digits", "tumour", "tumour_logistic"));
}

TEST(BundledModelsTest, AnUnknownNameHasNoSample) {
  EXPECT_TRUE(BundledSample("tumou").empty());
  EXPECT_TRUE(BundledSample("").empty());
}

}  // namespace
}  // namespace baton::models
