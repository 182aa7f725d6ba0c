// ONNX files that mean no good, and outputs that are maps.
#include <fstream>
#include <stop_token>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/models/batch.h"
#include "server/models/onnxruntime/onnx_model.h"
#include "tests/models/support.h"
#include "tests/support/temporary_folder.h"

namespace baton::models {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing_support::TemporaryFolder;
using namespace std::string_literals;

std::string ReasonOf(const std::filesystem::path& file) {
  const auto model = OnnxModel::FromFile(Runtime(), "m", "1", file);
  if (model) return "it loads";
  EXPECT_EQ(model.error().code, ErrorCode::kInvalidArgument) << file;
  return model.error().message;
}

// The most memory that the process has had so far, in kB.
long PeakKilobytes() {
  std::ifstream status("/proc/self/status");
  std::string word;
  long kilobytes = 0;
  while (status >> word) {
    if (word == "VmHWM:") status >> kilobytes;
  }
  return kilobytes;
}

TEST(OnnxHostileTest, WhatDeclaresMoreThanItBringsIsRefusedBeforeRoomIsMadeForIt) {
  Runtime();
  const long before = PeakKilobytes();
  EXPECT_THAT(ReasonOf(DataFile("claims_floats")),
              HasSubstr("tensor 'w' declares 2500000000 elements, but comes with"));
  EXPECT_THAT(ReasonOf(DataFile("claims_texts")),
              HasSubstr("tensor 'w' declares 300000000 elements, but comes with"));
  EXPECT_THAT(ReasonOf(DataFile("claims_in_node")), HasSubstr("declares 300000000 elements"));
  EXPECT_NE(ReasonOf(DataFile("external_short")), "it loads");
  EXPECT_LT(PeakKilobytes() - before, 100'000);
}

TEST(OnnxHostileTest, DataInAFileThatIsMissingOrOutsideTheFolderIsRefused) {
  EXPECT_THAT(ReasonOf(DataFile("external_missing")), HasSubstr("nothing.bin"));
  EXPECT_THAT(ReasonOf(DataFile("external_outside")), HasSubstr("escapes"));
}

TEST(OnnxHostileTest, AnUnknownOperatorIsRefusedByName) {
  EXPECT_THAT(ReasonOf(DataFile("unknown_operator")), HasSubstr("Teleport"));
}

TEST(OnnxHostileTest, AFileCutShortAnywhereIsRefusedOrWhole) {
  std::ifstream in(DataFile("two_inputs"), std::ios::binary);
  const std::string whole{std::istreambuf_iterator<char>(in), {}};
  const TemporaryFolder folder;
  for (std::size_t size = 0; size < whole.size() - 20; size += 7) {
    folder.Write("model.onnx", whole.substr(0, size));
    EXPECT_NE(ReasonOf(folder.path() / "model.onnx"), "it loads") << size;
  }
}

TEST(OnnxHostileTest, AFileThatIsNotThereIsSaid) {
  EXPECT_THAT(ReasonOf("/nowhere/model.onnx"), HasSubstr("cannot be read: No such file"));
}

std::unique_ptr<OnnxModel> Flattened(const std::string& name) {
  OnnxModel::Options options;
  options.flatten_maps = true;
  auto model = OnnxModel::FromFile(Runtime(), name, "1", DataFile(name), options);
  if (!model) throw std::runtime_error(model.error().message);
  return std::move(*model);
}

const std::vector<Tensor> kScores = {
    Floats("scores", {3, 2}, {0.1F, 0.9F, 0.2F, 0.8F, 0.3F, 0.7F})};

TEST(OnnxMapTest, MapsAreRefusedUnlessAskedFor) {
  EXPECT_EQ(ReasonOf(DataFile("map_texts")),
            "output 'by_class' is a sequence, only tensors can be served");
}

TEST(OnnxMapTest, AMapIsTwoTensorsOfOneShape) {
  const auto model = Flattened("map_texts");
  ASSERT_EQ(model->info().outputs.size(), 2u);
  EXPECT_EQ(model->info().outputs[0].name, "by_class");
  EXPECT_EQ(model->info().outputs[0].type, DataType::kFp32);
  EXPECT_THAT(model->info().outputs[0].shape, ElementsAre(-1, -1));
  EXPECT_EQ(model->info().outputs[1].name, "by_class_labels");
  EXPECT_EQ(model->info().outputs[1].type, DataType::kBytes);
  EXPECT_TRUE(HasBatchDimension(model->info()));

  const auto outputs = model->Predict(kScores, {}, {});
  ASSERT_TRUE(outputs) << outputs.error().message;
  ASSERT_EQ(outputs->size(), 2u);
  EXPECT_THAT((*outputs)[0].shape, ElementsAre(3, 2));
  EXPECT_THAT(ElementsOf<float>((*outputs)[0]), ElementsAre(0.1F, 0.9F, 0.2F, 0.8F, 0.3F, 0.7F));
  EXPECT_THAT((*outputs)[1].shape, ElementsAre(3, 2));
  EXPECT_THAT((*outputs)[1].strings, ElementsAre("no", "yes", "no", "yes", "no", "yes"));
}

TEST(OnnxMapTest, KeysThatAreNumbersAreLabelsToo) {
  const auto outputs =
      Flattened("map_output")->Predict(kScores, std::vector{"by_class_labels"s}, {});
  ASSERT_TRUE(outputs) << outputs.error().message;
  ASSERT_EQ(outputs->size(), 1u);
  EXPECT_EQ((*outputs)[0].type, DataType::kInt64);
  EXPECT_THAT(ElementsOf<std::int64_t>((*outputs)[0]), ElementsAre(0, 1, 0, 1, 0, 1));
}

TEST(OnnxMapTest, EitherHalfComesInTheWantedOrder) {
  const auto outputs =
      Flattened("map_texts")->Predict(kScores, std::vector{"by_class_labels"s, "by_class"s}, {});
  ASSERT_TRUE(outputs) << outputs.error().message;
  EXPECT_EQ((*outputs)[0].name, "by_class_labels");
  EXPECT_EQ((*outputs)[1].name, "by_class");
  EXPECT_EQ((*outputs)[1].raw.size(), 24u);
}

TEST(OnnxMapTest, NoRowsAreNoMaps) {
  const auto outputs =
      Flattened("map_texts")->Predict(std::vector{Floats("scores", {0, 2}, {})}, {}, {});
  ASSERT_TRUE(outputs) << outputs.error().message;
  EXPECT_THAT((*outputs)[0].shape, ElementsAre(0, 0));
  EXPECT_EQ((*outputs)[0].raw.size(), 0u);
}

TEST(OnnxMapTest, AModelWithoutMapsIsAsItWas) {
  EXPECT_EQ(Flattened("two_inputs")->info().outputs.size(), 2u);
}

}  // namespace
}  // namespace baton::models
