// What docs/model-folder.md shows loads, and what can be said stands in it.
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/models/configured_settings.h"
#include "server/models/version_policy.h"
#include "tests/models/folder.h"

namespace baton::models {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ModelFolderDocumentTest : public FolderTest {
 protected:
  ModelFolderDocumentTest() {
    std::ifstream file(BATON_TEST_MODEL_FOLDER_DOCUMENT);
    text_.assign(std::istreambuf_iterator<char>(file), {});
  }
  const std::string& text() const { return text_; }

  // The blocks of YAML in it.
  std::vector<std::string> Examples() const {
    const std::string opening = "```yaml\n";
    std::vector<std::string> examples;
    for (std::size_t at = text_.find(opening); at != std::string::npos;
         at = text_.find(opening, at)) {
      at += opening.size();
      examples.push_back(text_.substr(at, text_.find("```", at) - at));
    }
    return examples;
  }
  ModelConfig Loaded(const std::string& example) const {
    Write("sample.json", "{}");
    Write("config.yaml", example);
    auto config = ReadModelConfig(root() / "config.yaml");
    if (config) return *std::move(config);
    ADD_FAILURE() << config.error().message;
    return {};
  }

 private:
  std::string text_;
};

TEST_F(ModelFolderDocumentTest, TheExampleOfAModelLoadsAndSaysEverythingButAPipeline) {
  ASSERT_EQ(Examples().size(), 2u);
  const ModelConfig config = Loaded(Examples()[0]);
  EXPECT_EQ(config.backend, "onnxruntime");
  EXPECT_EQ(config.settings.size(), 10u);
  EXPECT_THAT(config.warm_up, ElementsAre("sample.json"));
  EXPECT_EQ(config.labels.at("probabilities").size(), 2u);
  EXPECT_TRUE(config.cache);
  const auto served = VersionsToServe(config, std::vector<std::int64_t>{2, 3, 4});
  ASSERT_TRUE(served) << served.error().message;
  EXPECT_THAT(served->numbers, ElementsAre(3, 4));
  EXPECT_EQ(served->canary, 4);
  EXPECT_EQ(served->default_version, 3);
}

TEST_F(ModelFolderDocumentTest, TheExampleOfAPipelineLoads) {
  ASSERT_EQ(Examples().size(), 2u);
  const ModelConfig config = Loaded(Examples()[1]);
  ASSERT_TRUE(config.pipeline);
  EXPECT_EQ(config.pipeline->steps.size(), 2u);
}

TEST_F(ModelFolderDocumentTest, EverySettingAndEveryKeyOfTheSectionsHasARow) {
  for (const std::string_view path : SettingPaths()) {
    EXPECT_THAT(text(), HasSubstr("\n| `" + std::string(path) + "` | "));
  }
  for (const std::string key :
       {"backend", "parameters", "sequence_outputs", "required", "warm_up", "labels",
        "versions.all", "versions.latest", "versions.specific", "versions.labels", "canary.version",
        "canary.share", "canary.margin", "canary.min_requests", "canary.window", "cache.max_bytes",
        "cache.max_age", "pipeline.steps"}) {
    EXPECT_THAT(text(), HasSubstr("\n| `" + key + "` | "));
  }
}

}  // namespace
}  // namespace baton::models
