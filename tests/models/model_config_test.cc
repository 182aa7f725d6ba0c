// What a config.yaml may say, and what is said of one that is wrong.
#include "server/models/model_config.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/control/endpoint_settings.h"
#include "server/models/configured_settings.h"
#include "tests/models/folder.h"

namespace baton::models {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::StartsWith;

ModelConfig Parsed(const std::string& text) {
  auto config = ParseModelConfig(text, "config.yaml");
  if (config) return *std::move(config);
  ADD_FAILURE() << config.error().message;
  return {};
}

std::string Refused(const std::string& text) {
  const auto config = ParseModelConfig(text, "c.yaml");
  if (!config) {
    EXPECT_EQ(config.error().code, ErrorCode::kInvalidArgument);
    return config.error().message;
  }
  ADD_FAILURE() << "it was read: " << text;
  return {};
}

std::vector<std::string> SettingsOf(const ModelConfig& config) {
  std::vector<std::string> texts;
  for (const ConfiguredSetting& setting : config.settings) {
    texts.push_back(setting.key + "=" + setting.value);
  }
  return texts;
}

TEST(ModelConfigTest, NothingIsTheDefault) {
  for (const char* text : {"", "# nothing yet\n", "---\n", "{}", "~"}) {
    const ModelConfig config = Parsed(text);
    EXPECT_EQ(config.backend, "") << text;
    EXPECT_TRUE(config.settings.empty()) << text;
    EXPECT_FALSE(config.canary) << text;
    EXPECT_FALSE(config.cache) << text;
    EXPECT_FALSE(config.pipeline) << text;
    EXPECT_FALSE(config.flattens_sequences) << text;
  }
}

TEST(ModelConfigTest, BackendParametersAndSequencesAreRead) {
  const ModelConfig config = Parsed(
      "backend: builtin\n"
      "parameters: {kind: linear, weights: \"1,2\", bias: -1.5}\n"
      "sequence_outputs: flatten\n");
  EXPECT_EQ(config.backend, "builtin");
  EXPECT_THAT(config.parameters,
              ElementsAre(Pair("bias", "-1.5"), Pair("kind", "linear"), Pair("weights", "1,2")));
  EXPECT_TRUE(config.flattens_sequences);
  EXPECT_FALSE(Parsed("sequence_outputs: refuse").flattens_sequences);
  EXPECT_TRUE(Parsed("required: true").is_required);
  EXPECT_FALSE(Parsed("required: false").is_required);
}

TEST(ModelConfigTest, SettingsOfTheEndpointKeepTheirTextAndPlace) {
  const ModelConfig config = Parsed(
      "default_budget: 20ms\n"
      "criticality:   critical\n"
      "batch: {max_size: 8, max_delay: 2ms}\n"
      "fallback:\n"
      "  kind: constant\n"
      "  constant: '{\"a\":1}'\n");
  EXPECT_THAT(SettingsOf(config), ElementsAre("default_budget=20ms", "criticality=critical",
                                              "batch_max_size=8", "batch_max_delay=2ms",
                                              "fallback=constant", "fallback_constant={\"a\":1}"));
  EXPECT_EQ(config.settings[1].line, 2);
  EXPECT_EQ(config.settings[1].column, 16);
  EXPECT_EQ(config.settings[5].line, 6);
}

TEST(ModelConfigTest, EverySettingOfAnEndpointCanBeConfiguredAndReadsAsOne) {
  const ModelConfig config = Parsed(
      "default_budget: 20ms\nmax_budget: 100ms\nslo_target: 99.9%\ncriticality: sheddable\n"
      "max_workers: 2\nmin_workers: 1\nbatch: {max_size: 8, max_delay: 2ms}\n"
      "fallback: {kind: model, constant: '{}', key_header: Key, max_age: 1m, max_bytes: 1MiB,\n"
      "           model: small}\n");
  std::vector<std::string> keys;
  control::EndpointChange change;
  for (const ConfiguredSetting& setting : config.settings) {
    keys.push_back(setting.key);
    const Status added = control::AddSetting(setting.key + "=" + setting.value, change);
    EXPECT_TRUE(added) << added.error().message;
  }
  const auto known = control::EndpointKeys();
  EXPECT_EQ(keys, std::vector<std::string>(known.begin(), known.end()));
}

TEST(ModelConfigTest, VersionsAndCanaryAreRead) {
  const ModelConfig latest = Parsed("versions: {latest: 2, labels: {stable: 3, next.1: 4}}");
  EXPECT_EQ(latest.versions.latest, 2u);
  EXPECT_THAT(latest.versions.labels, ElementsAre(Pair("next.1", 4), Pair("stable", 3)));
  EXPECT_THAT(Parsed("versions: {specific: [3, 1]}").versions.specific, ElementsAre(1, 3));
  EXPECT_EQ(Parsed("versions: {all: true}").versions.latest, 0u);

  const ModelConfig config =
      Parsed("canary: {version: 4, share: 2.5%, margin: 1%, min_requests: 50, window: 30s}");
  ASSERT_TRUE(config.canary);
  EXPECT_EQ(config.canary->version, "4");
  EXPECT_DOUBLE_EQ(config.canary->share, 0.025);
  EXPECT_DOUBLE_EQ(config.canary->margin, 0.01);
  EXPECT_EQ(config.canary->min_requests, 50u);
  EXPECT_EQ(config.canary->window, 30s);
  const ModelConfig brief = Parsed("canary: {share: 10%}");
  EXPECT_EQ(brief.canary->version, "");
  EXPECT_EQ(brief.canary->min_requests, 200u);
}

TEST(ModelConfigTest, CacheAndPipelineAreRead) {
  const ModelConfig config = Parsed(
      "cache: {max_bytes: 1MiB}\n"
      "pipeline:\n"
      "  inputs: [text]\n"
      "  steps:\n"
      "    - model: tokenizer\n"
      "    - {model: classifier, version: stable, inputs: {ids: tokens}, outputs: {logits: s}}\n"
      "  outputs: [s]\n");
  ASSERT_TRUE(config.cache);
  EXPECT_EQ(config.cache->max_bytes, 1u << 20);
  EXPECT_EQ(config.cache->max_age, 10s);
  ASSERT_TRUE(config.pipeline);
  EXPECT_THAT(config.pipeline->inputs, ElementsAre("text"));
  EXPECT_THAT(config.pipeline->outputs, ElementsAre("s"));
  ASSERT_EQ(config.pipeline->steps.size(), 2u);
  EXPECT_EQ(config.pipeline->steps[0].model, "tokenizer");
  EXPECT_EQ(config.pipeline->steps[1].version, "stable");
  EXPECT_THAT(config.pipeline->steps[1].inputs, ElementsAre(Pair("ids", "tokens")));
  EXPECT_THAT(config.pipeline->steps[1].outputs, ElementsAre(Pair("logits", "s")));
}

TEST(ModelConfigTest, AnUnknownKeySaysWhereItIsAndWhichWasMeant) {
  EXPECT_EQ(Refused("batch: {max_siez: 8}"),
            "c.yaml:1:9: batch.max_siez: unknown key, expected one of max_size, max_delay (did you "
            "mean max_size?)");
  EXPECT_THAT(Refused("\n  backnd: plugin\n"),
              AllOf(StartsWith("c.yaml:2:3: backnd: unknown key, expected one of default_budget, "),
                    HasSubstr("(did you mean backend?)")));
  EXPECT_THAT(Refused("batch.max_size: 8"), HasSubstr("batch.max_size: unknown key"));
}

TEST(ModelConfigTest, AKeyThatComesAgainIsRefused) {
  EXPECT_EQ(Refused("max_workers: 1\nmax_workers: 2\n"),
            "c.yaml:2:1: max_workers: given twice, expected once");
  EXPECT_EQ(Refused("parameters: {a: 1, a: 1}"),
            "c.yaml:1:20: parameters.a: given twice, expected once");
}

struct Wrong {
  const char* text;
  const char* message;  // without file, line and column
};
class WrongValueTest : public ::testing::TestWithParam<Wrong> {};

TEST_P(WrongValueTest, IsRefusedWithWhatIsAllowed) {
  EXPECT_THAT(Refused(GetParam().text), HasSubstr(GetParam().message)) << GetParam().text;
}

INSTANTIATE_TEST_SUITE_P(
    Values, WrongValueTest,
    ::testing::Values(
        Wrong{"[1, 2]", "c.yaml:1:1: expected a map of settings, got a list"},
        Wrong{"word", "expected a map of settings, got 'word'"},
        Wrong{"backend: onnx",
              "1:10: backend: expected one of onnxruntime, xgboost, plugin, "
              "builtin, got 'onnx'"},
        Wrong{"backend: xgbost", "(did you mean xgboost?)"},
        Wrong{"backend:", "backend: expected a backend, got nothing"},
        Wrong{"backend: ''", "backend: expected a backend, got ''"},
        Wrong{"parameters: {a: [1]}", "parameters.a: expected a text, got a list"},
        Wrong{"parameters: 1", "parameters: expected a map of texts, got '1'"},
        Wrong{"default_budget: 20", "'20' is no duration"},
        Wrong{"default_budget: 0.5ms", "default_budget: expected 1ms to 3600s, got 0.5ms"},
        Wrong{"default_budget: {}", "expected a duration such as 50ms, got a map"},
        Wrong{"slo_target: 100%",
              "slo_target: expected a percentage from 95% to 99.999%, got '100%'"},
        Wrong{"slo_target: 0.99", "from 95% to 99.999%, got '0.99'"},
        Wrong{"max_workers: 1025", "max_workers: expected a whole number from 0 to 1024"},
        Wrong{"max_workers: -1", "expected a whole number from 0 to 1024, got '-1'"},
        Wrong{"max_workers: 1.0", "got '1.0'"},
        Wrong{"criticality: high", "expected one of critical, default, sheddable"},
        Wrong{"batch: 8", "batch: expected a map, got '8'"},
        Wrong{"batch: {max_size: 0}", "batch.max_size: expected a whole number from 1 to 1024"},
        Wrong{"batch: {max_delay: 2s}", "batch.max_delay: expected 0us to 1s, got 2s"},
        Wrong{"fallback: {kind: last-good}", "(did you mean last_good?)"},
        Wrong{"fallback: {max_bytes: 1}", "fallback.max_bytes: expected 1KiB to 1GiB, got 1"},
        Wrong{"warm_up: []", "warm_up: expected a list of file names, got an empty list"},
        Wrong{"warm_up: [a.json, ../b.json]",
              "warm_up[1]: expected the name of a file beside config.yaml, got '../b.json'"},
        Wrong{"warm_up: [/etc/passwd]", "got '/etc/passwd'"},
        Wrong{"labels: {p: ../labels.txt}", "labels.p: expected the name of a file"},
        Wrong{"labels: {p: [a, [b]]}", "labels.p[1]: expected a label, got a list"},
        Wrong{"labels: {p: []}", "labels.p: expected a list of labels, got an empty list"},
        Wrong{"versions: {latest: 0}", "versions.latest: expected a whole number from 1"},
        Wrong{"versions: {latest: 2, all: true}", "at most one of latest, specific, all"},
        Wrong{"versions: {all: false}", "versions.all: expected one of true, got 'false'"},
        Wrong{"versions: {specific: [1, 1]}", "versions.specific[1]: 1 is given twice"},
        Wrong{"versions: {specific: [01]}", "expected the number of a version such as 1, got '01'"},
        Wrong{"versions: {labels: {3: 4}}", "versions.labels.3: is no label"},
        Wrong{"versions: {labels: {stable: x}}", "versions.labels.stable: expected the number"},
        Wrong{"canary: {version: 4}", "canary: lacks share"},
        Wrong{"canary: {share: 0%}", "canary.share: expected more than 0%, got '0%'"},
        Wrong{"canary: {share: 0.1}", "expected a percentage from 0% to 100%, got '0.1'"},
        Wrong{"canary: {share: 101%}", "got '101%'"}, Wrong{"canary: {share: nan%}", "got 'nan%'"},
        Wrong{"canary: {share: 1%, version: -1}", "expected the number of a version or a label"},
        Wrong{"canary: {share: 1%, window: 1ms}", "canary.window: expected 1s to 3600s, got 1ms"},
        Wrong{"canary: {share: 1%}\nversions: {latest: 1}", "1:1: canary: needs two versions"},
        Wrong{"canary: {share: 1%}\nversions: {specific: [7]}", "canary: needs two versions"},
        Wrong{"cache: on", "cache: expected a map, got 'on'"},
        Wrong{"cache: {max_bytes: 0}", "cache.max_bytes: expected 1KiB to 64GiB, got 0"},
        Wrong{"required: yes", "required: expected one of true, false, got 'yes'"},
        Wrong{"sequence_outputs: drop", "expected one of refuse, flatten, got 'drop'"},
        Wrong{"pipeline: {}", "pipeline: lacks steps"},
        Wrong{"pipeline: {steps: []}", "pipeline.steps: expected a list of steps, got an empty"},
        Wrong{"pipeline: {steps: [{}]}", "pipeline.steps[0]: lacks model"},
        Wrong{"pipeline: {steps: [a]}", "pipeline.steps[0]: expected a map, got 'a'"},
        Wrong{"pipeline: {steps: [{model: a b}]}", "pipeline.steps[0].model: expected the name of"},
        Wrong{"pipeline: {steps: [{model: a}], outputs: [x, x]}", "outputs[1]: 'x' is given twice"},
        Wrong{"pipeline: {steps: [{model: a}]}\nversions: {latest: 2}",
              "2:1: versions: is nothing that a pipeline has"}));

TEST(ModelConfigTest, EveryProblemIsALineAndTheFieldIsTheFirstKey) {
  const auto config = ParseModelConfig(
      "max_workers: many\nbatch: {max_size: 0, size: 1}\ncanary: {shares: 1%}\n", "c.yaml");
  ASSERT_FALSE(config);
  const std::string& text = config.error().message;
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 4);
  EXPECT_THAT(
      text,
      AllOf(HasSubstr("c.yaml:1:14: max_workers: "), HasSubstr("c.yaml:2:19: batch.max_size: "),
            HasSubstr("c.yaml:2:22: batch.size: "), HasSubstr("c.yaml:3:10: canary.shares: "),
            HasSubstr("c.yaml:3:9: canary: lacks share")));
  EXPECT_EQ(config.error().field, "max_workers");
}

TEST(ModelConfigTest, NoMoreThanFiftyProblemsAreSpelledOut) {
  std::string text;
  for (int i = 0; i < 60; ++i) text += "x" + std::to_string(i) + ": 1\n";
  const std::string message = Refused(text);
  EXPECT_EQ(std::count(message.begin(), message.end(), '\n'), 50);
  EXPECT_THAT(message, HasSubstr("\nc.yaml: and 10 more"));
}

TEST(ModelConfigTest, WhatIsNoYamlSaysWhere) {
  EXPECT_THAT(Refused("a: [1, 2\n"), StartsWith("c.yaml:2:1: "));
  EXPECT_THAT(Refused("a: b: c"), StartsWith("c.yaml:1:"));
}

class ModelConfigFileTest : public FolderTest {
 protected:
  Result<ModelConfig> Read(std::string_view text) const {
    Write("config.yaml", text);
    return ReadModelConfig(root() / "config.yaml");
  }
};

TEST_F(ModelConfigFileTest, SamplesMustBeThereAndLabelsAreRead) {
  Write("labels.txt", "cat\r\ndog\n\nbird");
  Write("sample.json", "{}");
  const auto config = Read("warm_up: [sample.json]\nlabels: {a: labels.txt, b: [x, y]}");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_THAT(config->warm_up, ElementsAre("sample.json"));
  EXPECT_THAT(config->labels.at("a"), ElementsAre("cat", "dog", "", "bird"));
  EXPECT_THAT(config->labels.at("b"), ElementsAre("x", "y"));
}

TEST_F(ModelConfigFileTest, FilesThatAreMissingAreNamedWithTheirPlaces) {
  Write("none.txt", "");
  const auto config = Read("warm_up: [gone.json]\nlabels: {a: gone.txt, b: none.txt}");
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().code, ErrorCode::kInvalidArgument);
  const std::string file = (root() / "config.yaml").string();
  EXPECT_EQ(config.error().message,
            file + ":1:11: warm_up[0]: 'gone.json' is no file beside config.yaml\n" + file +
                ":2:13: labels.a: " + (root() / "gone.txt").string() + ": is not there\n" + file +
                ":2:26: labels.b: 'none.txt' holds no label");
}

TEST_F(ModelConfigFileTest, NoFileIsNotFound) {
  const auto config = ReadModelConfig(root() / "config.yaml");
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().code, ErrorCode::kNotFound);
}

TEST_F(ModelConfigFileTest, AFolderOrATooLargeFileIsRefused) {
  fs::create_directory(root() / "d");
  EXPECT_THAT(ReadModelConfig(root() / "d").error().message, HasSubstr("d: is not a file"));
  const auto config = Read("#" + std::string(1 << 20, 'x'));
  ASSERT_FALSE(config);
  EXPECT_THAT(config.error().message, HasSubstr("is too large, expected at most 1MiB"));
}

}  // namespace
}  // namespace baton::models
