// Model folders: what loads, and what is said of those that do not.
#include "server/models/repository.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/models/support.h"

namespace baton::models {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class RepositoryTest : public ::testing::Test {
 protected:
  RepositoryTest() {
    std::string pattern = ::testing::TempDir() + "baton_models_XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
    root_ = pattern;
  }
  ~RepositoryTest() override {
    std::error_code error;
    fs::remove_all(root_, error);
  }

  const fs::path& root() const { return root_; }

  // Puts a model of data/ at root/<where>/model.onnx.
  void Place(const std::string& where, const std::string& model = "scalar") const {
    fs::create_directories(root_ / where);
    fs::copy_file(DataFile(model), root_ / where / "model.onnx");
  }
  void Write(const std::string& where, std::string_view text) const {
    fs::create_directories((root_ / where).parent_path());
    std::ofstream(root_ / where, std::ios::binary) << text;
  }

  Result<ModelSet> Load() const { return LoadModels({root_, BATON_TEST_ONNXRUNTIME_LIBRARY}); }

  Error LoadError() const {
    auto models = Load();
    if (!models) return models.error();
    ADD_FAILURE() << "it loaded";
    return {};
  }

 private:
  fs::path root_;
};

TEST_F(RepositoryTest, VersionsAreOrderedByNumberAndTheLastAnswers) {
  Place("calc/9");
  Place("calc/10", "two_inputs");
  Place("other-one_2.x/3");
  const auto models = Load();
  ASSERT_TRUE(models) << models.error().message;
  ASSERT_EQ(models->size(), 2u);
  const ModelVersions& calc = models->at("calc");
  EXPECT_EQ(calc.name, "calc");
  ASSERT_EQ(calc.versions.size(), 2u);
  EXPECT_EQ(calc.Latest().info().version, "10");
  EXPECT_EQ(calc.Latest().info().name, "calc");
  ASSERT_NE(calc.Find("9"), nullptr);
  EXPECT_EQ(calc.Find("9")->info().inputs.front().name, "x");
  EXPECT_EQ(calc.Find("1"), nullptr);
  EXPECT_GT(calc.versions.front().load_time, Duration::zero());
}

TEST_F(RepositoryTest, HiddenThingsAndFilesBesideFoldersAreNoModels) {
  Place("calc/1");
  Place(".git/1");
  Place("calc/.old");
  Write("README.md", "about");
  Write("calc/labels.txt", "a\nb\n");
  const auto models = Load();
  ASSERT_TRUE(models) << models.error().message;
  ASSERT_EQ(models->size(), 1u);
  EXPECT_EQ(models->at("calc").versions.size(), 1u);
}

TEST_F(RepositoryTest, SymbolicLinksAreFollowed) {
  Place(".store/x");
  fs::create_directories(root() / "calc");
  fs::create_directory_symlink(root() / ".store" / "x", root() / "calc" / "1");
  const auto models = Load();
  ASSERT_TRUE(models) << models.error().message;
  EXPECT_EQ(models->at("calc").Latest().info().version, "1");
}

TEST_F(RepositoryTest, ALinkThatLeadsNowhereIsAnError) {
  Place("calc/1");
  fs::create_directory_symlink(root() / "gone", root() / "calc" / "2");
  const Error error = LoadError();
  EXPECT_EQ(error.code, ErrorCode::kNotFound);
  EXPECT_EQ(error.message,
            (root() / "calc" / "2").string() + ": is a symbolic link that leads nowhere");
}

TEST_F(RepositoryTest, AMissingFolderIsNotFound) {
  const auto models = LoadModels({root() / "nope", BATON_TEST_ONNXRUNTIME_LIBRARY});
  ASSERT_FALSE(models);
  EXPECT_EQ(models.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(models.error().message, (root() / "nope").string() + ": the model folder is not there");
}

TEST_F(RepositoryTest, AFileInPlaceOfTheFolderIsRefused) {
  Write("file", "x");
  const auto models = LoadModels({root() / "file", BATON_TEST_ONNXRUNTIME_LIBRARY});
  ASSERT_FALSE(models);
  EXPECT_EQ(models.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(models.error().message, (root() / "file").string() + ": is not a folder");
}

TEST_F(RepositoryTest, AnEmptyFolderHoldsNoModel) {
  const Error error = LoadError();
  EXPECT_EQ(error.code, ErrorCode::kNotFound);
  EXPECT_EQ(error.message,
            root().string() + ": holds no model, expected <name>/<version>/model.onnx");
}

TEST_F(RepositoryTest, AModelWithoutVersionsIsNotFound) {
  Write("calc/model.onnx", "in the wrong place");
  const Error error = LoadError();
  EXPECT_EQ(error.code, ErrorCode::kNotFound);
  EXPECT_EQ(error.message,
            (root() / "calc").string() + ": holds no version, expected <version>/model.onnx");
}

TEST_F(RepositoryTest, AVersionWithoutItsFileIsNotFound) {
  fs::create_directories(root() / "calc" / "1");
  const Error error = LoadError();
  EXPECT_EQ(error.code, ErrorCode::kNotFound);
  EXPECT_EQ(error.message, (root() / "calc" / "1" / "model.onnx").string() + ": is not there");
}

TEST_F(RepositoryTest, AFolderInPlaceOfTheFileIsRefused) {
  fs::create_directories(root() / "calc" / "1" / "model.onnx");
  const Error error = LoadError();
  EXPECT_EQ(error.code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(error.message, EndsWith("model.onnx: is not a file"));
}

TEST_F(RepositoryTest, AVersionIsAPositiveIntegerWithoutLeadingZeros) {
  for (const char* version :
       {"0", "-1", "+1", "01", "1.0", "v1", "latest", "1 ", "99999999999999999999"}) {
    const fs::path folder = root() / "calc" / version;
    Place(std::string("calc/") + version);
    const Error error = LoadError();
    EXPECT_EQ(error.code, ErrorCode::kInvalidArgument) << version;
    EXPECT_EQ(error.message,
              folder.string() + ": is no version, expected a positive integer such as 1");
    fs::remove_all(folder);
  }
}

TEST_F(RepositoryTest, AModelNameIsLettersDigitsAndThreeSigns) {
  for (const std::string& name : {std::string("a b"), std::string("-a"), std::string("_a"),
                                  std::string("na\xC3\xAFve"), std::string(65, 'a')}) {
    Place(name + "/1");
    const Error error = LoadError();
    EXPECT_EQ(error.code, ErrorCode::kInvalidArgument) << name;
    EXPECT_THAT(error.message,
                AllOf(StartsWith((root() / name).string()), HasSubstr("is no model name")));
    fs::remove_all(root() / name);
  }
  Place(std::string(64, 'a') + "/1");
  EXPECT_TRUE(Load());
}

TEST_F(RepositoryTest, ATruncatedFileIsNamedWithTheReason) {
  const fs::path whole = fs::path(BATON_TEST_BUNDLED_DIR) / "tumour.onnx";
  fs::create_directories(root() / "calc" / "1");
  const fs::path file = root() / "calc" / "1" / "model.onnx";
  fs::copy_file(whole, file);
  fs::resize_file(file, fs::file_size(whole) / 2);
  const Error error = LoadError();
  EXPECT_EQ(error.code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(error.message, StartsWith(file.string() + ": ONNX Runtime: "));
}

TEST_F(RepositoryTest, AFileThatIsNoModelIsNamedWithTheReason) {
  for (const std::string_view text : {"<html>not found</html>", ""}) {
    Write("calc/1/model.onnx", text);
    const Error error = LoadError();
    EXPECT_EQ(error.code, ErrorCode::kInvalidArgument) << text;
    EXPECT_THAT(error.message,
                StartsWith((root() / "calc/1/model.onnx").string() + ": ONNX Runtime: "));
  }
}

TEST_F(RepositoryTest, AModelThatCannotBeServedSaysWhy) {
  Place("maps/1", "map_output");
  EXPECT_EQ(LoadError().message,
            (root() / "maps/1/model.onnx").string() +
                ": output 'by_class' is a sequence, only tensors can be served");
}

TEST_F(RepositoryTest, OneBadModelFailsAllAndEveryProblemIsALine) {
  Place("good/1");
  Place("bad/x");
  Write("bad/2/model.onnx", "no model");
  fs::create_directories(root() / "empty");
  const Error error = LoadError();
  EXPECT_EQ(error.code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(std::count(error.message.begin(), error.message.end(), '\n'), 2);
  EXPECT_THAT(error.message,
              AllOf(HasSubstr("bad/2/model.onnx: ONNX Runtime: "),
                    HasSubstr("bad/x: is no version"), HasSubstr("empty: holds no version")));
}

TEST(RepositoryBundledTest, WithoutAFolderTheBundledModelsLoad) {
  const auto models = LoadModels({{}, BATON_TEST_ONNXRUNTIME_LIBRARY});
  ASSERT_TRUE(models) << models.error().message;
  std::vector<std::string> names;
  for (const auto& [name, versions] : *models) {
    names.push_back(name);
    ASSERT_EQ(versions.versions.size(), 1u) << name;
    EXPECT_EQ(versions.Latest().info().version, "1") << name;
    EXPECT_GT(versions.versions.front().load_time, Duration::zero()) << name;
  }
  EXPECT_THAT(names, ElementsAre("digits", "tumour", "tumour_logistic"));
}

TEST(RepositoryBundledTest, AMissingLibraryIsNotFoundAndNamed) {
  const auto models = LoadModels({{}, "/nowhere/libonnxruntime.so.1"});
  ASSERT_FALSE(models);
  EXPECT_EQ(models.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(models.error().message, HasSubstr("/nowhere/libonnxruntime.so.1"));
}

}  // namespace
}  // namespace baton::models
