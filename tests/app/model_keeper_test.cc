// Model folders at the start: what loads, and what is said of those that do not.
#include "server/app/model_keeper.h"

#include <algorithm>
#include <future>
#include <memory>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>

#include "tests/models/folder.h"

namespace baton::app {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// A keeper with all that it needs, but for its thread.
class StartedKeeper {
 public:
  StartedKeeper(const fs::path& directory, const fs::path& library)
      : source_({directory, {library, {}}}) {}

  Status LoadAll() { return keeper_.LoadAll(); }
  ModelKeeper& keeper() { return keeper_; }
  api::Catalogue catalogue() const { return *serving_.Now().catalogue; }
  std::vector<control::ModelState> States() const { return keeper_.States(); }

 private:
  const SystemClock clock_;
  metrics::Registry registry_;
  serve::Endpoints endpoints_{registry_};
  serve::MissRing misses_;
  serve::PendingResponses pending_{16};
  serve::Scheduler scheduler_{clock_, {}, 0};
  serve::Scheduler reserve_{clock_, {}, 0};
  ServingState serving_{endpoints_, scheduler_, reserve_, {}};
  ConfiguredEndpoints configured_{endpoints_, serving_, {}};
  const DeskParts desk_{pending_, scheduler_, reserve_, misses_};
  const models::ModelSource source_;
  ModelKeeper keeper_{
      {clock_, endpoints_, serving_, configured_, desk_, source_, registry_}, {}, Handlers()};

  static api::HandlerOptions Handlers() {
    api::HandlerOptions handlers;
    handlers.gzip_counts = std::make_shared<http::GzipCounts>();
    return handlers;
  }
};

class LoadModelsTest : public models::FolderTest {
 protected:
  // Puts a model of tests/models/data at root/<where>/model.onnx.
  void Place(const std::string& where, const std::string& model = "scalar") const {
    fs::create_directories(root() / where);
    fs::copy_file(fs::path(BATON_TEST_MODELS_DIR) / (model + ".onnx"),
                  root() / where / "model.onnx");
  }
  static Result<api::Catalogue> LoadFrom(const fs::path& folder) {
    StartedKeeper keeper(folder, BATON_TEST_ONNXRUNTIME_LIBRARY);
    const Status loaded = keeper.LoadAll();
    if (!loaded) return tl::unexpected(loaded.error());
    return keeper.catalogue();
  }
  Result<api::Catalogue> Load() const { return LoadFrom(root()); }

  Error LoadError() const {
    auto models = Load();
    if (!models) return models.error();
    ADD_FAILURE() << "it loaded";
    return {};
  }
};

TEST_F(LoadModelsTest, VersionsAreOrderedByNumberAndTheLastAnswers) {
  Place("calc/9");
  Place("calc/10", "two_inputs");
  Place("other-one_2.x/3");
  const auto models = Load();
  ASSERT_TRUE(models) << models.error().message;
  ASSERT_EQ(models->models().size(), 2u);
  const api::CatalogueModel& calc = *models->Find("calc");
  EXPECT_EQ(calc.name, "calc");
  ASSERT_EQ(calc.versions.size(), 2u);
  EXPECT_EQ(calc.versions[1]->number(), "10");
  EXPECT_EQ(calc.chosen, "10");
  EXPECT_EQ((*calc.Find("10"))->model->info().name, "calc");
  EXPECT_EQ((*calc.Find("9"))->model->info().inputs.front().name, "x");
  EXPECT_EQ(calc.Find("1"), nullptr);
}

TEST_F(LoadModelsTest, HiddenThingsAndFilesBesideFoldersAreNoModels) {
  Place("calc/1");
  Place(".git/1");
  Place("calc/.old");
  Write("README.md", "about");
  Write("calc/labels.txt", "a\nb\n");
  const auto models = Load();
  ASSERT_TRUE(models) << models.error().message;
  ASSERT_EQ(models->models().size(), 1u);
  EXPECT_EQ(models->Find("calc")->versions.size(), 1u);
}

TEST_F(LoadModelsTest, SymbolicLinksAreFollowed) {
  Place(".store/x");
  fs::create_directories(root() / "calc");
  fs::create_directory_symlink(root() / ".store" / "x", root() / "calc" / "1");
  const auto models = Load();
  ASSERT_TRUE(models) << models.error().message;
  EXPECT_EQ(models->Find("calc")->chosen, "1");
}

TEST_F(LoadModelsTest, ALinkThatLeadsNowhereIsAnError) {
  Place("calc/1");
  fs::create_directory_symlink(root() / "gone", root() / "calc" / "2");
  const Error error = LoadError();
  EXPECT_EQ(error.code, ErrorCode::kNotFound);
  EXPECT_EQ(error.message,
            (root() / "calc" / "2").string() + ": is a symbolic link that leads nowhere");
}

TEST_F(LoadModelsTest, AMissingFolderIsNotFound) {
  const auto models = LoadFrom(root() / "nope");
  ASSERT_FALSE(models);
  EXPECT_EQ(models.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(models.error().message, (root() / "nope").string() + ": the model folder is not there");
}

TEST_F(LoadModelsTest, AFileInPlaceOfTheFolderIsRefused) {
  Write("file", "x");
  const auto models = LoadFrom(root() / "file");
  ASSERT_FALSE(models);
  EXPECT_EQ(models.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(models.error().message, (root() / "file").string() + ": is not a folder");
}

TEST_F(LoadModelsTest, AnEmptyFolderHoldsNoModel) {
  const Error error = LoadError();
  EXPECT_EQ(error.code, ErrorCode::kNotFound);
  EXPECT_EQ(error.message,
            root().string() + ": holds no model, expected <name>/<version>/model.onnx");
}

TEST_F(LoadModelsTest, AModelWithoutVersionsIsNotFound) {
  Write("calc/model.onnx", "in the wrong place");
  const Error error = LoadError();
  EXPECT_EQ(error.code, ErrorCode::kNotFound);
  EXPECT_EQ(error.message,
            (root() / "calc").string() + ": holds no version, expected <version>/model.onnx");
}

TEST_F(LoadModelsTest, AVersionWithoutItsFileIsNotFound) {
  fs::create_directories(root() / "calc" / "1");
  const Error error = LoadError();
  EXPECT_EQ(error.code, ErrorCode::kNotFound);
  EXPECT_EQ(error.message, (root() / "calc" / "1").string() +
                               ": holds no model file, expected model.onnx, model.json, model.ubj, "
                               "model.so");
}

TEST_F(LoadModelsTest, AFolderInPlaceOfTheFileIsRefused) {
  fs::create_directories(root() / "calc" / "1" / "model.onnx");
  const Error error = LoadError();
  EXPECT_EQ(error.code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(error.message, EndsWith("model.onnx: is not a file"));
}

TEST_F(LoadModelsTest, AVersionIsAPositiveIntegerWithoutLeadingZeros) {
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

TEST_F(LoadModelsTest, AModelNameIsLettersDigitsAndThreeSigns) {
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

TEST_F(LoadModelsTest, ATruncatedFileIsNamedWithTheReason) {
  const fs::path whole = fs::path(BATON_TEST_BUNDLED_DIR) / "tumour.onnx";
  fs::create_directories(root() / "calc" / "1");
  const fs::path file = root() / "calc" / "1" / "model.onnx";
  fs::copy_file(whole, file);
  fs::resize_file(file, fs::file_size(whole) / 2);
  const Error error = LoadError();
  EXPECT_EQ(error.code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(error.message, StartsWith(file.string() + ": ONNX Runtime: "));
}

TEST_F(LoadModelsTest, AFileThatIsNoModelIsNamedWithTheReason) {
  for (const std::string_view text : {"<html>not found</html>", ""}) {
    Write("calc/1/model.onnx", text);
    const Error error = LoadError();
    EXPECT_EQ(error.code, ErrorCode::kInvalidArgument) << text;
    EXPECT_THAT(error.message,
                StartsWith((root() / "calc/1/model.onnx").string() + ": ONNX Runtime: "));
  }
}

TEST_F(LoadModelsTest, AModelThatCannotBeServedSaysWhy) {
  Place("maps/1", "map_output");
  EXPECT_EQ(LoadError().message,
            (root() / "maps/1/model.onnx").string() +
                ": output 'by_class' is a sequence, only tensors can be served");
}

TEST_F(LoadModelsTest, OneBadModelFailsAllAndEveryProblemIsALine) {
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

TEST_F(LoadModelsTest, OfOneModelEveryProblemIsALineToo) {
  Place("calc/1");
  Write("calc/2/model.onnx", "no model");
  fs::create_directories(root() / "calc" / "tmp");
  EXPECT_THAT(LoadError().message, AllOf(HasSubstr("calc/2/model.onnx: ONNX Runtime: "),
                                         HasSubstr("calc/tmp: is no version")));
}

TEST_F(LoadModelsTest, OfAModelWhoseConfigurationIsWrongNothingElseIsSaid) {
  Place("calc/1");
  Write("calc/config.yaml", "versoins: {latest: 1}\n");
  const std::string message = LoadError().message;
  EXPECT_THAT(message, HasSubstr("calc/config.yaml:1:1: versoins"));
  EXPECT_EQ(std::count(message.begin(), message.end(), '\n'), 0);
}

TEST_F(LoadModelsTest, AModelOfWhichNobodyKnowsHowToServeItIsNotLoaded) {
  Place("calc/1");
  Write("calc/config.yaml", "fallback: {kind: model, model: nosuch}\n");
  StartedKeeper keeper(root(), BATON_TEST_ONNXRUNTIME_LIBRARY);
  const Status loaded = keeper.LoadAll();
  ASSERT_FALSE(loaded);
  EXPECT_THAT(loaded.error().message, HasSubstr("calc/config.yaml: "));
  const api::Catalogue catalogue = keeper.catalogue();
  const api::CatalogueModel* const model = catalogue.Find("calc");
  ASSERT_NE(model, nullptr);
  EXPECT_TRUE(model->versions.empty());
}

TEST_F(LoadModelsTest, AFallbackMayBeAModelThatComesLater) {
  Place("a/1");
  Place("b/1");
  Write("a/config.yaml", "fallback: {kind: model, model: b}\n");
  EXPECT_TRUE(Load());
}

TEST(LoadBundledModelsTest, WithoutAFolderTheBundledModelsLoad) {
  StartedKeeper keeper({}, BATON_TEST_ONNXRUNTIME_LIBRARY);
  const Status loaded = keeper.LoadAll();
  ASSERT_TRUE(loaded) << loaded.error().message;
  std::vector<std::string> names;
  for (const control::ModelState& model : keeper.States()) {
    names.push_back(model.name);
    ASSERT_EQ(model.versions.size(), 1u) << model.name;
    EXPECT_EQ(model.default_version, "1") << model.name;
    EXPECT_GT(model.versions.front().load_time, Duration::zero()) << model.name;
  }
  EXPECT_THAT(names, ElementsAre("digits", "tumour", "tumour_logistic"));
}

// See docs/decisions/0014.
TEST(ModelKeeperTest, ChangesAreMadeInIdleTime) {
  StartedKeeper started({}, BATON_TEST_ONNXRUNTIME_LIBRARY);
  std::promise<int> policy;
  started.keeper().Start();
  started.keeper().Change(
      {control::ModelChange::Kind::kUnload, "none of that name"},
      [&policy](const auto& /*changed*/) { policy.set_value(sched_getscheduler(0)); });
  EXPECT_EQ(policy.get_future().get(), SCHED_IDLE);
}

TEST(LoadBundledModelsTest, AMissingLibraryIsNamed) {
  StartedKeeper keeper({}, "/nowhere/libonnxruntime.so.1");
  const Status loaded = keeper.LoadAll();
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(loaded.error().message, HasSubstr("/nowhere/libonnxruntime.so.1"));
}

}  // namespace
}  // namespace baton::app
