// Who wins over whom, and whose each value is.
#include "server/config/layers.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temporary_folder.h"

namespace baton::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing_support::TemporaryFolder;

class LayersTest : public testing::Test {
 protected:
  std::string File(const std::string& text) const {
    const std::filesystem::path path = folder_.path() / "b.yaml";
    std::ofstream(path) << text;
    return path.string();
  }
  static Loaded Loads(const Sources& sources) {
    auto loaded = Load(sources);
    EXPECT_TRUE(loaded) << (loaded ? "" : loaded.error().message);
    return loaded ? *std::move(loaded) : Loaded();
  }
  static std::string Refused(const Sources& sources) {
    const auto loaded = Load(sources);
    EXPECT_FALSE(loaded);
    return loaded ? "" : loaded.error().message;
  }

 private:
  TemporaryFolder folder_;
};

TEST_F(LayersTest, FlagsWinOverTheEnvironmentOverTheFileOverDefaults) {
  const std::string file = File("workers: 2\nbacklog: 20\nuser: file\n");
  const Loaded loaded =
      Loads({file, {"BATON_WORKERS=3", "BATON_BACKLOG=30", "PATH=/bin"}, {{"--workers", "4"}}});
  const Configuration& whole = loaded.configuration;
  EXPECT_EQ(whole.values.workers(), 4u);
  EXPECT_EQ(whole.values.backlog(), 30u);
  EXPECT_EQ(whole.values.user(), "file");
  EXPECT_EQ(whole.values.policy(), "baton");
  EXPECT_EQ(whole.OriginOf("workers"), "flag --workers");
  EXPECT_EQ(whole.OriginOf("backlog"), "env BATON_BACKLOG");
  EXPECT_EQ(whole.OriginOf("user"), file + ":3:7");
  EXPECT_EQ(whole.OriginOf("policy"), "default");
}

TEST_F(LayersTest, SettingsOfOneEndpointComeFromSeveralLayers) {
  const std::string file =
      File("endpoints: {tumour: {min_workers: 1, max_workers: 2}, digits: {max_workers: 3}}\n");
  const Loaded loaded = Loads(
      {file, {}, {{"--endpoint", "tumour:max_workers=5"}, {"--endpoint", "a:b:min_workers=1"}}});
  const auto& endpoints = loaded.configuration.values.endpoints();
  EXPECT_EQ(endpoints.at("tumour").min_workers(), 1u);
  EXPECT_EQ(endpoints.at("tumour").max_workers(), 5u);
  EXPECT_EQ(endpoints.at("digits").max_workers(), 3u);
  EXPECT_EQ(endpoints.at("a:b").min_workers(), 1u);
  EXPECT_EQ(loaded.configuration.OriginOf("endpoints.tumour.max_workers"),
            "flag --endpoint tumour:max_workers");
}

TEST_F(LayersTest, AFallbackOfAnotherKindForgetsThePartsOfTheOneBefore) {
  const std::string file = File(
      "endpoints:\n"
      "  a: {fallback: {kind: last_good, max_age: 5s}}\n"
      "  b: {fallback: {kind: last_good, max_age: 5s}}\n");
  const Loaded loaded = Loads(
      {file, {}, {{"--endpoint", "a:fallback=none"}, {"--endpoint", "b:fallback=last_good"}}});
  const auto& endpoints = loaded.configuration.values.endpoints();
  EXPECT_FALSE(endpoints.at("a").fallback().has_max_age());
  EXPECT_EQ(loaded.configuration.OriginOf("endpoints.a.fallback.max_age"), "");
  EXPECT_EQ(endpoints.at("b").fallback().max_age(), "5s");
}

TEST_F(LayersTest, FlagsOfAllKindsReachTheirPlaces) {
  const Loaded loaded = Loads({"",
                               {},
                               {{"--limit", "body_bytes=1MiB"},
                                {"--static", "/static=/srv=1"},
                                {"--watch-models", "true"},
                                {"--endpoint", "m:fallback=constant"},
                                {"--endpoint", "m:fallback_constant={\"a\":\"b=c\"}"}}});
  const v1::ServerConfig& values = loaded.configuration.values;
  EXPECT_EQ(values.limits().body_bytes(), "1MiB");
  EXPECT_EQ(values.static_files().at("/static"), "/srv=1");
  EXPECT_TRUE(values.models().watch());
  EXPECT_EQ(values.endpoints().at("m").fallback().constant(), "{\"a\":\"b=c\"}");
}

TEST_F(LayersTest, VariablesThatAreNearlyOursAreRefusedAndOthersAreNamed) {
  const std::string refused = Refused({"",
                                       {"BATON_LIMITS_BODY_BYTE=1MiB", "BATON_WORKER=2",
                                        "BATON_LOG_COLOUR=red", "BATON_BACKLOG=none"},
                                       {}});
  EXPECT_THAT(refused, HasSubstr("env BATON_LIMITS_BODY_BYTE: unknown variable (did you mean "
                                 "BATON_LIMITS_BODY_BYTES?)"));
  EXPECT_THAT(refused, HasSubstr("did you mean BATON_WORKERS?"));
  EXPECT_THAT(refused, HasSubstr("did you mean BATON_LOG_"));
  EXPECT_THAT(refused, HasSubstr("env BATON_BACKLOG: backlog: expected a whole number"));
  const Loaded loaded =
      Loads({"",
             {"BATON_BIN=/b", "BATON_ROOT=/r", "BATON_TOOLS=/t", "BATON_SLOW_FACTOR=1",
              "BATON_HTTP_KIT=/h", "BATON_FAULTS=x", "BATON_SOAK_SEED=1", "BATON_ADMIN=a:1"},
             {}});
  EXPECT_THAT(loaded.unknown_variables,
              ElementsAre("BATON_BIN", "BATON_ROOT", "BATON_TOOLS", "BATON_SLOW_FACTOR",
                          "BATON_HTTP_KIT", "BATON_FAULTS", "BATON_SOAK_SEED"));
}

TEST_F(LayersTest, TheFileMayBeNamedByTheEnvironmentAndTheFlagWins) {
  const std::string file = File("workers: 2\n");
  EXPECT_EQ(Loads({"", {"BATON_CONFIG=" + file}, {}}).configuration.values.workers(), 2u);
  EXPECT_THAT(Refused({"/gone.yaml", {"BATON_CONFIG=" + file}, {}}),
              HasSubstr("/gone.yaml: is not there"));
}

TEST_F(LayersTest, MistakesOfAllLayersAreToldAtOnce) {
  const std::string refused = Refused({File("workers: none\n"),
                                       {"BATON_BACKLOG=none"},
                                       {{"--limit", "json_depth=0"}, {"--max-connections", "0"}}});
  EXPECT_THAT(refused, HasSubstr("b.yaml:1:10: workers: "));
  EXPECT_THAT(refused, HasSubstr("env BATON_BACKLOG: backlog: "));
  EXPECT_THAT(refused, HasSubstr("flag --limit json_depth: limits.json_depth: "));
  EXPECT_THAT(refused, HasSubstr("flag --max-connections: max_connections: "));
}

TEST_F(LayersTest, FlagsThatAreNoneSayWhatWasExpected) {
  const std::string refused = Refused({"",
                                       {},
                                       {{"--limit", "body_byte=1MiB"},
                                        {"--limit", "body_bytes"},
                                        {"--endpoint", "m:max_worker=1"},
                                        {"--endpoint", "max_workers=1"},
                                        {"--static", "/static"}}});
  for (const char* const part :
       {"flag --limit body_byte: unknown setting 'body_byte', expected one of request_line_bytes, ",
        "(did you mean body_bytes?)", "flag --limit: expected NAME=VALUE, got 'body_bytes'",
        "flag --endpoint m:max_worker: unknown setting 'max_worker', expected one of ",
        "(did you mean max_workers?)", "flag --endpoint: expected NAME:KEY=VALUE",
        "flag --static: expected PREFIX=DIR, got '/static'"}) {
    EXPECT_THAT(refused, HasSubstr(part));
  }
}

TEST_F(LayersTest, AFlagThatIsGivenTwiceForOneSettingIsRefused) {
  EXPECT_THAT(Refused({"", {}, {{"--limit", "json_depth=1"}, {"--limit", "json_depth=2"}}}),
              HasSubstr("given twice"));
}

}  // namespace
}  // namespace baton::config
