// XGBoost's own models: the same answers as XGBoost in Python, and what is refused.
#include <cmath>
#include <fstream>
#include <iterator>
#include <stop_token>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/models/xgboost/check_model.h"
#include "server/models/xgboost/library.h"
#include "server/models/xgboost/xgboost_model.h"
#include "tests/models/data/xgboost_predictions.h"
#include "tests/models/support.h"
#include "tests/support/temporary_folder.h"

namespace baton::models {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using testing_support::TemporaryFolder;
using namespace std::string_literals;
namespace fs = std::filesystem;

const XgboostApi& Api() {
  const auto api = OpenXgboost({});
  if (!api) throw std::runtime_error(api.error().message);
  return **api;
}

fs::path ModelFile(const std::string& file) { return fs::path(BATON_TEST_MODELS_DIR) / file; }

Result<std::unique_ptr<XgboostModel>> LoadFile(const fs::path& file) {
  return XgboostModel::FromFile(Api(), "m", "2", file);
}

std::unique_ptr<XgboostModel> Load(const std::string& file) {
  auto model = LoadFile(ModelFile(file));
  if (!model) throw std::runtime_error(model.error().message);
  return std::move(*model);
}

std::string BytesOf(const std::string& file) {
  std::ifstream in(ModelFile(file), std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// Why a model does not load that is the binary one with `from` replaced by `to`, once.
std::string ReasonWith(const std::string& from, const std::string& to,
                       const std::string& file = "xgb_binary.json") {
  std::string text = BytesOf(file);
  const auto at = text.find(from);
  if (at == std::string::npos) return "the model has no " + from;
  text.replace(at, from.size(), to);
  const TemporaryFolder folder;
  folder.Write("model.json", text);
  const auto model = LoadFile(folder.path() / "model.json");
  if (model) return "it loads";
  EXPECT_EQ(model.error().code, ErrorCode::kInvalidArgument);
  return model.error().message;
}

struct Sample {
  const char* name;
  const std::vector<float>& rows;
  const std::vector<float>& predictions;
};

class XgboostSampleTest : public ::testing::TestWithParam<Sample> {};

TEST_P(XgboostSampleTest, PredictsWhatXgboostInPythonDoesInBothForms) {
  const Sample& sample = GetParam();
  for (const char* ending : {".json", ".ubj"}) {
    const auto model = Load(sample.name + std::string(ending));
    const auto outputs = model->Predict(std::vector{Floats("input", {8, 4}, sample.rows)}, {}, {});
    ASSERT_TRUE(outputs) << outputs.error().message;
    EXPECT_EQ(ElementsOf<float>((*outputs)[0]), sample.predictions) << ending;
  }
}

INSTANTIATE_TEST_SUITE_P(Models, XgboostSampleTest,
                         ::testing::Values(Sample{"xgb_binary", kRows, kBinaryPredictions},
                                           Sample{"xgb_classes", kRows, kClassesPredictions},
                                           Sample{"xgb_softmax", kRows, kSoftmaxPredictions},
                                           Sample{"xgb_dart", kRows, kDartPredictions},
                                           Sample{"xgb_category", kRowsWithCategory,
                                                  kCategoryPredictions}),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(XgboostTest, AModelSaysItsTensors) {
  const auto model = Load("xgb_binary.json");
  EXPECT_EQ(model->info().name, "m");
  EXPECT_EQ(model->info().version, "2");
  EXPECT_EQ(model->info().platform, "xgboost");
  ASSERT_EQ(model->info().inputs.size(), 1u);
  EXPECT_EQ(model->info().inputs[0].name, "input");
  EXPECT_EQ(model->info().inputs[0].type, DataType::kFp32);
  EXPECT_THAT(model->info().inputs[0].shape, ElementsAre(-1, 4));
  ASSERT_EQ(model->info().outputs.size(), 1u);
  EXPECT_EQ(model->info().outputs[0].name, "output");
  EXPECT_THAT(model->info().outputs[0].shape, ElementsAre(-1));
  EXPECT_THAT(Load("xgb_classes.ubj")->info().outputs[0].shape, ElementsAre(-1, 3));
  EXPECT_THAT(Load("xgb_softmax.ubj")->info().outputs[0].shape, ElementsAre(-1));
}

// One tree by hand: the answer for a row is 0.5 and the leaf that it comes to.
TEST(XgboostTest, AMissingValueGoesTheWayTheTreeSays) {
  const std::string text = R"({"version":[1,7,4],"learner":{"attributes":{},"feature_names":[],
    "feature_types":[],"learner_model_param":{"base_score":"5E-1","num_class":"0",
    "num_feature":"1","num_target":"1"},"objective":{"name":"reg:squarederror",
    "reg_loss_param":{"scale_pos_weight":"1"}},"gradient_booster":{"name":"gbtree","model":{
    "gbtree_model_param":{"num_parallel_tree":"1","num_trees":"1","size_leaf_vector":"0"},
    "tree_info":[0],"trees":[{"base_weights":[0.0,0.0,0.0],"categories":[],"categories_nodes":[],
    "categories_segments":[],"categories_sizes":[],"default_left":[0,0,0],"id":0,
    "left_children":[1,-1,-1],"loss_changes":[1.0,0.0,0.0],"parents":[2147483647,0,0],
    "right_children":[2,-1,-1],"split_conditions":[2.5,-10.0,20.0],"split_indices":[0,0,0],
    "split_type":[0,0,0],"sum_hessian":[2.0,1.0,1.0],"tree_param":{"num_deleted":"0",
    "num_feature":"1","num_nodes":"3","size_leaf_vector":"0"}}]}}}})";
  const TemporaryFolder folder;
  folder.Write("model.json", text);
  const auto model = LoadFile(folder.path() / "model.json");
  ASSERT_TRUE(model) << model.error().message;
  const auto outputs =
      (*model)->Predict(std::vector{Floats("input", {4, 1}, {2.4F, 2.5F, NAN, -INFINITY})}, {}, {});
  ASSERT_TRUE(outputs) << outputs.error().message;
  EXPECT_THAT(ElementsOf<float>((*outputs)[0]), ElementsAre(-9.5F, 20.5F, 20.5F, -9.5F));
}

TEST(XgboostTest, LoadingAndPredictingStartNoThreads) {
  const auto threads = [] {
    return std::distance(fs::directory_iterator("/proc/self/task"), fs::directory_iterator{});
  };
  const auto before = threads();
  const auto model = Load("xgb_classes.json");
  EXPECT_TRUE(model->Predict(std::vector{Floats("input", {8, 4}, kRows)}, {}, {}));
  EXPECT_EQ(threads(), before);
}

TEST(XgboostTest, NoRowsGiveNoAnswers) {
  const auto outputs =
      Load("xgb_classes.json")->Predict(std::vector{Floats("input", {0, 4}, {})}, {}, {});
  ASSERT_TRUE(outputs) << outputs.error().message;
  EXPECT_THAT((*outputs)[0].shape, ElementsAre(0, 3));
  EXPECT_EQ((*outputs)[0].raw.size(), 0u);
}

TEST(XgboostTest, AWrongInputIsRefusedBeforeTheRun) {
  const auto outputs =
      Load("xgb_binary.json")->Predict(std::vector{Floats("input", {1, 3}, {1, 2, 3})}, {}, {});
  ASSERT_FALSE(outputs);
  EXPECT_EQ(outputs.error().message, "input 'input': expected shape [-1,4], got [1,3]");
}

TEST(XgboostTest, ARunThatNobodyWantsIsNotBegun) {
  std::stop_source stop;
  stop.request_stop();
  const auto outputs =
      Load("xgb_binary.json")
          ->Predict(std::vector{Floats("input", {8, 4}, kRows)}, {}, stop.get_token());
  ASSERT_FALSE(outputs);
  EXPECT_EQ(outputs.error().code, ErrorCode::kDeadlineExceeded);
}

TEST(XgboostTest, SeveralThreadsPredictAtOnceWithSeveralModels) {
  const auto classes = Load("xgb_classes.ubj");
  const auto dart = Load("xgb_dart.ubj");
  std::vector<int> right(4);
  {
    std::vector<std::jthread> threads;
    for (int& count : right) {
      threads.emplace_back([&] {
        const std::vector input = {Floats("input", {8, 4}, kRows)};
        for (int call = 0; call < 100; ++call) {
          const auto one = classes->Predict(input, {}, {});
          const auto other = dart->Predict(input, {}, {});
          count += one && ElementsOf<float>((*one)[0]) == kClassesPredictions ? 1 : 0;
          count += other && ElementsOf<float>((*other)[0]) == kDartPredictions ? 1 : 0;
        }
      });
    }
  }
  EXPECT_THAT(right, ::testing::Each(200));
}

TEST(XgboostTest, AnotherMajorVersionIsRefusedBecauseItWouldBeReadWrongly) {
  EXPECT_EQ(ReasonWith("[1,7,4]", "[2,0,3]"),
            "is an XGBoost model of version 2.0.3, expected 1.x: XGBoost 1.7, which runs it, would "
            "read another one wrongly");
  EXPECT_THAT(ReasonWith("[1,7,4]", "[3,1,0]"), HasSubstr("version 3.1.0, expected 1.x"));
  EXPECT_THAT(ReasonWith("[1,7,4]", "[]"), HasSubstr("no version, expected 1.x"));
  EXPECT_THAT(ReasonWith("[1,7,4]", "\"1\""), HasSubstr("no version, expected 1.x"));
  EXPECT_EQ(ReasonWith("[1,7,4]", "[1,6,2]"), "it loads");
}

TEST(XgboostTest, ABoosterWithoutTreesIsRefusedByName) {
  const auto model = LoadFile(ModelFile("xgb_linear.json"));
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().message, "is a model of the booster 'gblinear', expected gbtree or dart");
}

TEST(XgboostTest, AnUnknownObjectiveIsRefusedWithXgboostsReason) {
  EXPECT_THAT(ReasonWith("binary:logistic", "binary:fantastic"), StartsWith("XGBoost: "));
}

TEST(XgboostTest, WhatTheFileClaimsOfItselfIsCompared) {
  const auto wrong = "is no XGBoost model as it should be: "s;
  EXPECT_EQ(ReasonWith(R"("num_nodes":"7")", R"("num_nodes":"8")"),
            "tree 0: " + wrong + "base_weights: expected 8 entries, one a node");
  EXPECT_THAT(ReasonWith(R"("num_nodes":"7")", R"("num_nodes":"1000000000")"),
              HasSubstr("expected 1000000000 entries"));
  EXPECT_EQ(ReasonWith(R"("num_trees":"3")", R"("num_trees":"4000000000")"),
            wrong + "gbtree_model_param.num_trees: expected 3, as there are trees");
  EXPECT_EQ(ReasonWith(R"("num_parallel_tree":"1")", R"("num_parallel_tree":"0")"),
            wrong + "gbtree_model_param.num_parallel_tree: expected from 1 to the number of trees");
  EXPECT_EQ(ReasonWith(R"("num_class":"0","num_feature":"4")",
                       R"("num_class":"0","num_feature":"9999999")"),
            wrong + "learner_model_param.num_feature: expected from 1 to 1048576");
  EXPECT_EQ(ReasonWith(R"("5E-1")", R"("nan")"),
            wrong + "learner_model_param.base_score: expected a number");
  EXPECT_EQ(ReasonWith(R"("tree_info":[0,0,0])", R"("tree_info":[0,1,0])"),
            wrong + "tree_info: expected numbers from 0 to 0");
}

TEST(XgboostTest, ATreeThatTakesAnothersPlaceIsRefused) {
  EXPECT_THAT(ReasonWith(R"("id":1)", R"("id":0)"), HasSubstr("tree 1: "));
  EXPECT_THAT(ReasonWith(R"("id":1)", R"("id":0)"), HasSubstr(": id: expected 1"));
}

TEST(XgboostTest, SoftmaxOverNoClassesIsRefused) {
  EXPECT_THAT(ReasonWith(R"("softmax_multiclass_param":{"num_class":"3")",
                         R"("softmax_multiclass_param":{"num_class":"0")", "xgb_classes.json"),
              HasSubstr("softmax_multiclass_param.num_class: expected 3"));
}

TEST(XgboostTest, AnIndexThatLeadsNowhereIsRefused) {
  EXPECT_THAT(ReasonWith(R"("left_children":[1,)", R"("left_children":[7,)"),
              HasSubstr("left_children[0]: expected a node"));
  EXPECT_THAT(ReasonWith(R"("left_children":[1,)", R"("left_children":[0,)"),
              HasSubstr("left_children[0]: expected a node"));
  EXPECT_THAT(ReasonWith(R"("left_children":[1,)", R"("left_children":[2,)"),
              HasSubstr("expected each node once"));
  EXPECT_THAT(ReasonWith(R"("left_children":[1,)", R"("left_children":[-1,)"),
              HasSubstr("right_children[0]: expected -1"));
  EXPECT_THAT(ReasonWith(R"("left_children":[1,)", R"("left_children":[1.5,)"),
              HasSubstr("split_indices[0]: expected whole numbers"));
  EXPECT_THAT(ReasonWith(R"("parents":[2147483647,0,)", R"("parents":[2147483647,56576,)"),
              HasSubstr("parents[1]: expected a node"));
  EXPECT_THAT(ReasonWith(R"("split_indices":[)", R"("split_indices":[4)"),
              HasSubstr("split_indices[0]: expected below 4"));
}

TEST(XgboostTest, CategoriesThatAreNotThoseOfTheSplitsAreRefused) {
  const std::string file = "xgb_category.json";
  EXPECT_THAT(ReasonWith(R"("categories":[0,)", R"("categories":[99999,)", file),
              HasSubstr("categories: expected"));
  EXPECT_THAT(ReasonWith(R"("categories_segments":[0])", R"("categories_segments":[3])", file),
              HasSubstr("categories_segments"));
  EXPECT_THAT(ReasonWith(R"("categories_nodes":[0])", R"("categories_nodes":[1])", file),
              HasSubstr("categories_segments"));
}

TEST(XgboostTest, AFileThatIsNotThereOrOfAnotherFormIsRefused) {
  EXPECT_EQ(LoadFile("/nowhere/model.json").error().message, "cannot be read");
  const TemporaryFolder folder;
  for (const std::string& bytes : {""s, "x"s, "{"s, "{}x"s, "binf"s, "{\"a\":1,\"a\":1}"s,
                                   std::string(100'000, '['), std::string(4096, '\0')}) {
    folder.Write("model.json", bytes);
    const auto as_json = LoadFile(folder.path() / "model.json");
    ASSERT_FALSE(as_json) << bytes.substr(0, 10);
    EXPECT_THAT(as_json.error().message, StartsWith("is no JSON document: byte "));
    folder.Write("model.ubj", bytes);
    const auto as_ubjson = LoadFile(folder.path() / "model.ubj");
    ASSERT_FALSE(as_ubjson) << bytes.substr(0, 10);
    EXPECT_THAT(as_ubjson.error().message, StartsWith("is no UBJSON document of XGBoost: byte "));
  }
  folder.Write("model.json", "{}");
  EXPECT_THAT(LoadFile(folder.path() / "model.json").error().message, HasSubstr("no version"));
}

TEST(XgboostTest, AFileCutShortAnywhereIsRefused) {
  const TemporaryFolder folder;
  for (const char* ending : {"json", "ubj"}) {
    const std::string whole = BytesOf("xgb_category."s + ending);
    const std::string name = "model."s + ending;
    for (std::size_t size = 0; size < whole.size(); size += 97) {
      folder.Write(name, whole.substr(0, size));
      EXPECT_FALSE(LoadFile(folder.path() / name)) << name << " of " << size;
    }
  }
}

TEST(XgboostTest, AnUbjsonLengthBeyondTheFileIsNotBelieved) {
  using xgboost::ReadUbjson;
  const std::string huge = "L\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF"s;
  for (const std::string& bytes : {"S" + huge, "[$d#" + huge, "[#" + huge, "{" + huge + "x"}) {
    EXPECT_FALSE(ReadUbjson(bytes));
  }
}

TEST(XgboostLibraryTest, ItIsOpenedOnce) {
  const auto first = OpenXgboost({});
  const auto second = OpenXgboost("/nowhere/libxgboost.so");
  ASSERT_TRUE(first && second);
  EXPECT_EQ(*first, *second);
}

}  // namespace
}  // namespace baton::models
