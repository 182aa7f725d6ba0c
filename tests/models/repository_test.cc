// What a scan sees in a model folder, and how it tells that something has changed.
#include "server/models/repository.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/models/folder.h"

namespace baton::models {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ScanTest : public FolderTest {
 protected:
  RepositoryScan ScanRoot() const { return Scan(root()); }

  // The only model, without problems.
  static ScannedModel Only(const RepositoryScan& scan) {
    EXPECT_THAT(scan.problems, IsEmpty());
    EXPECT_EQ(scan.models.size(), 1u);
    if (scan.models.empty()) return {};
    for (const Problem& problem : scan.models[0].problems) ADD_FAILURE() << problem.text;
    return scan.models[0];
  }
  Fingerprint FingerprintOfFirst() const { return Only(ScanRoot()).versions.at(0).fingerprint; }

  void Append(const std::string& where, std::string_view text) const {
    std::ofstream(root() / where, std::ios::binary | std::ios::app) << text;
  }
  void Touch(const std::string& where, fs::file_time_type time) const {
    fs::last_write_time(root() / where, time);
  }
};

TEST_F(ScanTest, ModelsAreByNameAndVersionsByNumber) {
  Write("b/10/model.onnx", "x");
  Write("b/9/model.onnx", "x");
  Write("a/1/model.json", "x");
  const RepositoryScan scan = ScanRoot();
  ASSERT_EQ(scan.models.size(), 2u);
  EXPECT_EQ(scan.models[0].name, "a");
  EXPECT_EQ(scan.models[1].name, "b");
  ASSERT_EQ(scan.models[1].versions.size(), 2u);
  EXPECT_EQ(scan.models[1].versions[0].number, 9);
  EXPECT_EQ(scan.models[1].versions[1].number, 10);
  EXPECT_EQ(scan.models[1].versions[1].folder, root() / "b" / "10");
  EXPECT_EQ(FindModel(scan, "b"), &scan.models[1]);
  EXPECT_EQ(FindModel(scan, "c"), nullptr);
}

TEST_F(ScanTest, TheConfigIsReadAndTheDefaultWithoutOne) {
  Write("a/1/model.onnx", "x");
  EXPECT_TRUE(Only(ScanRoot()).config.settings.empty());
  Write("a/config.yaml", "default_budget: 20ms");
  const ScannedModel model = Only(ScanRoot());
  ASSERT_EQ(model.config.settings.size(), 1u);
  EXPECT_EQ(model.config.settings[0].value, "20ms");
}

TEST_F(ScanTest, AWrongConfigIsAProblemOfItsModelAlone) {
  Write("a/1/model.onnx", "x");
  Write("a/config.yaml", "colour: blue\nsize: 1\n");
  Write("b/1/model.onnx", "x");
  const RepositoryScan scan = ScanRoot();
  EXPECT_THAT(scan.problems, IsEmpty());
  ASSERT_EQ(scan.models.size(), 2u);
  ASSERT_EQ(scan.models[0].problems.size(), 1u);
  EXPECT_EQ(scan.models[0].problems[0].code, ErrorCode::kInvalidArgument);
  const std::string file = (root() / "a" / "config.yaml").string();
  EXPECT_THAT(scan.models[0].problems[0].text, HasSubstr(file + ":1:1: colour: unknown key"));
  EXPECT_THAT(scan.models[0].problems[0].text, HasSubstr("\n" + file + ":2:1: size: unknown key"));
  EXPECT_EQ(scan.models[0].versions.size(), 1u);
  EXPECT_THAT(scan.models[1].problems, IsEmpty());
}

TEST_F(ScanTest, EveryProblemOfAModelIsSaidAtOnce) {
  Write("a b/x/model.onnx", "x");
  fs::create_directory_symlink(root() / "gone", root() / "a b" / "2");
  const RepositoryScan scan = ScanRoot();
  std::vector<std::string> texts;
  for (const Problem& problem : scan.models.at(0).problems) texts.push_back(problem.text);
  const std::string folder = (root() / "a b").string();
  EXPECT_THAT(texts, ElementsAre(HasSubstr(folder + ": is no model name"),
                                 folder + "/2: is a symbolic link that leads nowhere",
                                 folder + "/x: is no version, expected a positive integer such as "
                                          "1"));
}

TEST_F(ScanTest, APipelineNeedsNoVersions) {
  Write("chain/config.yaml", "pipeline: {steps: [{model: a}]}");
  const ScannedModel model = Only(ScanRoot());
  EXPECT_TRUE(model.config.pipeline);
  EXPECT_THAT(model.versions, IsEmpty());
}

TEST_F(ScanTest, APipelineThatHasVersionsTooIsAProblem) {
  Write("chain/config.yaml", "pipeline: {steps: [{model: a}]}");
  Write("chain/1/model.onnx", "x");
  const RepositoryScan scan = ScanRoot();
  ASSERT_EQ(scan.models.at(0).problems.size(), 1u);
  EXPECT_EQ(scan.models[0].problems[0].text,
            (root() / "chain" / "1").string() + ": is a version, and a pipeline has none");
}

TEST_F(ScanTest, AMissingFolderIsAProblemOfTheWhole) {
  const RepositoryScan scan = Scan(root() / "nope");
  EXPECT_THAT(scan.models, IsEmpty());
  ASSERT_EQ(scan.problems.size(), 1u);
  EXPECT_EQ(scan.problems[0].code, ErrorCode::kNotFound);
}

TEST_F(ScanTest, AFingerprintStaysWhileNothingChanges) {
  Write("a/1/model.onnx", "x");
  Write("a/1/data/weights.bin", "y");
  EXPECT_EQ(FingerprintOfFirst(), FingerprintOfFirst());
  EXPECT_EQ(FingerprintOf(root() / "a" / "1"), FingerprintOfFirst());
}

TEST_F(ScanTest, AFingerprintChangesWithSizeTimeNamePlaceAndInode) {
  Write("a/1/model.onnx", "x");
  Write("a/1/data/weights.bin", "y");
  const auto time = fs::last_write_time(root() / "a/1/model.onnx");
  Fingerprint last = FingerprintOfFirst();
  const auto expect_change = [&](const char* what) {
    const Fingerprint now = FingerprintOfFirst();
    EXPECT_NE(now, last) << what;
    last = now;
  };
  Append("a/1/model.onnx", "x");
  Touch("a/1/model.onnx", time);
  expect_change("size");
  Touch("a/1/model.onnx", time + std::chrono::nanoseconds(1000));
  expect_change("time");
  fs::rename(root() / "a/1/data/weights.bin", root() / "a/1/data/w.bin");
  expect_change("name below");
  fs::copy_file(root() / "a/1/model.onnx", root() / "a/1/new");
  Touch("a/1/new", fs::last_write_time(root() / "a/1/model.onnx"));
  fs::rename(root() / "a/1/new", root() / "a/1/model.onnx");
  expect_change("inode");
  Write("a/1/.hidden", "");
  expect_change("a hidden file");
}

TEST_F(ScanTest, TheFilesOfAModelAndThoseOfItsVersionsHaveFingerprintsOfTheirOwn) {
  Write("a/1/model.onnx", "x");
  const ScannedModel before = Only(ScanRoot());
  Write("a/config.yaml", "max_workers: 1");
  const ScannedModel after = Only(ScanRoot());
  EXPECT_NE(after.fingerprint, before.fingerprint);
  EXPECT_EQ(after.versions[0].fingerprint, before.versions[0].fingerprint);
}

TEST_F(ScanTest, AVersionHasSettledWhenTwoScansSeeTheSame) {
  Write("a/1/model.onnx", "x");
  const RepositoryScan empty;
  const RepositoryScan first = ScanRoot();
  EXPECT_FALSE(HasSettled(empty, first, "a", 1));
  EXPECT_FALSE(HasSettled(empty, first, "a"));
  Append("a/1/model.onnx", "more");
  const RepositoryScan second = ScanRoot();
  EXPECT_FALSE(HasSettled(first, second, "a", 1));
  EXPECT_TRUE(HasSettled(first, second, "a"));
  Write("a/config.yaml", "");
  const RepositoryScan third = ScanRoot();
  EXPECT_TRUE(HasSettled(second, third, "a", 1));
  EXPECT_FALSE(HasSettled(second, third, "a"));
  EXPECT_FALSE(HasSettled(second, third, "a", 2));
  EXPECT_FALSE(HasSettled(second, third, "b", 1));
}

TEST_F(ScanTest, AFolderThatHasGoneHasNoFingerprint) {
  const auto fingerprint = FingerprintOf(root() / "gone");
  ASSERT_FALSE(fingerprint);
  EXPECT_EQ(fingerprint.error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace baton::models
