// One version out of a folder: which backend, and what is said when there is none.
#include "server/models/model_loader.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/models/bundled.h"
#include "tests/models/support.h"
#include "tests/support/temporary_folder.h"

namespace baton::models {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using testing_support::TemporaryFolder;
namespace fs = std::filesystem;

class ModelLoaderTest : public ::testing::Test {
 protected:
  ModelLoaderTest() {
    libraries_.onnxruntime = BATON_TEST_ONNXRUNTIME_LIBRARY;
    request_.name = "m";
    request_.version = "7";
    request_.folder = folder_.path();
  }

  void Copy(const fs::path& from, const std::string& as) {
    fs::copy_file(from, folder_.path() / as);
  }
  void CopyData(const std::string& file, const std::string& as) {
    Copy(fs::path(BATON_TEST_MODELS_DIR) / file, as);
  }

  std::string Platform() {
    const auto model = LoadModelVersion(request_, libraries_);
    if (!model) return model.error().message;
    EXPECT_EQ((*model)->info().name, "m");
    EXPECT_EQ((*model)->info().version, "7");
    return (*model)->info().platform;
  }

  Error Refusal() {
    const auto model = LoadModelVersion(request_, libraries_);
    return model ? Error{ErrorCode::kInternal, "it loads", ""} : model.error();
  }

  std::string Path(const std::string& file) const { return (folder_.path() / file).string(); }

  const TemporaryFolder folder_;
  BackendLibraries libraries_;
  LoadRequest request_;
};

TEST_F(ModelLoaderTest, TheFileThatIsThereSaysTheBackend) {
  CopyData("scalar.onnx", "model.onnx");
  EXPECT_EQ(Platform(), "onnxruntime_onnx");
  fs::remove(Path("model.onnx"));
  CopyData("xgb_binary.json", "model.json");
  EXPECT_EQ(Platform(), "xgboost");
  fs::remove(Path("model.json"));
  CopyData("xgb_binary.ubj", "model.ubj");
  EXPECT_EQ(Platform(), "xgboost");
  fs::remove(Path("model.ubj"));
  Copy(BATON_TEST_EXAMPLE_PLUGIN, "model.so");
  EXPECT_EQ(Platform(), "baton_plugin");
}

TEST_F(ModelLoaderTest, ABuiltinNeedsNoFile) {
  request_.backend = "builtin";
  request_.folder = "/nowhere";
  request_.parameters = {{"kind", "reverse"}};
  EXPECT_EQ(Platform(), "builtin_reverse");
}

TEST_F(ModelLoaderTest, BytesAreAnOnnxModel) {
  request_.onnx = BundledModels()[0].onnx;
  request_.folder.clear();
  EXPECT_EQ(Platform(), "onnxruntime_onnx");
}

TEST_F(ModelLoaderTest, AFolderWithoutAModelSaysWhatWasExpected) {
  EXPECT_EQ(Refusal().code, ErrorCode::kNotFound);
  EXPECT_EQ(Refusal().message, folder_.path().string() +
                                   ": holds no model file, expected model.onnx, model.json, "
                                   "model.ubj, model.so");
  request_.backend = "xgboost";
  EXPECT_EQ(Refusal().message, folder_.path().string() +
                                   ": holds no model file, expected model.json, model.ubj for the "
                                   "backend 'xgboost'");
}

TEST_F(ModelLoaderTest, TwoModelFilesAreOneTooMany) {
  CopyData("scalar.onnx", "model.onnx");
  CopyData("xgb_binary.json", "model.json");
  EXPECT_EQ(Refusal().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(Refusal().message,
            folder_.path().string() + ": holds model.onnx and model.json, expected one model file");
}

TEST_F(ModelLoaderTest, AFileForAnotherBackendIsRefused) {
  CopyData("scalar.onnx", "model.onnx");
  request_.backend = "plugin";
  EXPECT_EQ(
      Refusal().message,
      folder_.path().string() + ": holds model.onnx, expected model.so for the backend 'plugin'");
}

TEST_F(ModelLoaderTest, AFolderInPlaceOfAFileIsRefused) {
  fs::create_directory(Path("model.onnx"));
  EXPECT_EQ(Refusal().message, Path("model.onnx") + ": is not a file");
}

TEST_F(ModelLoaderTest, AnUnknownBackendNamesTheKnownOnes) {
  request_.backend = "tensorflow";
  EXPECT_EQ(Refusal().field, "backend");
  EXPECT_EQ(Refusal().message,
            "expected the backend onnxruntime, xgboost, plugin or builtin, got 'tensorflow'");
}

TEST_F(ModelLoaderTest, AParameterForABackendThatTakesNoneIsRefused) {
  CopyData("scalar.onnx", "model.onnx");
  request_.parameters = {{"threads", "7"}};
  EXPECT_EQ(Refusal().field, "parameters.threads");
  EXPECT_EQ(Refusal().message,
            "the backend 'onnxruntime' has no parameter 'threads', expected none");
}

TEST_F(ModelLoaderTest, APluginIsGivenItsParameters) {
  Copy(BATON_TEST_EXAMPLE_PLUGIN, "model.so");
  request_.parameters = {{"alpha", "0"}};
  EXPECT_EQ(Refusal().message,
            Path("model.so") + ": the plug-in makes no model: alpha: expected above 0, up to 1");
}

TEST_F(ModelLoaderTest, WhatIsWrongWithAFileBeginsWithItsPath) {
  for (const char* file : {"model.onnx", "model.json", "model.ubj", "model.so"}) {
    folder_.Write(file, "no model");
    EXPECT_EQ(Refusal().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(Refusal().message, StartsWith(Path(file) + ": "));
    fs::remove(Path(file));
  }
}

TEST_F(ModelLoaderTest, MapsAreFlattenedWhereTheRequestSaysSo) {
  CopyData("map_texts.onnx", "model.onnx");
  EXPECT_THAT(Refusal().message, HasSubstr("only tensors can be served"));
  request_.flatten_maps = true;
  EXPECT_EQ(Platform(), "onnxruntime_onnx");
}

TEST_F(ModelLoaderTest, AMissingLibraryIsNoFaultOfTheFile) {
  CopyData("scalar.onnx", "model.onnx");
  libraries_.onnxruntime = "/nowhere/libonnxruntime.so.1";
  EXPECT_EQ(Refusal().code, ErrorCode::kNotFound);
  EXPECT_THAT(Refusal().message, StartsWith("the ONNX Runtime library could not be opened"));
}

}  // namespace
}  // namespace baton::models
