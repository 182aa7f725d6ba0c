// A configuration file: what it says reaches its place, and every mistake is told with its own.
#include "server/config/file_layer.h"

#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temporary_folder.h"

namespace baton::config {
namespace {

using testing::HasSubstr;
using testing_support::TemporaryFolder;

Configuration Read(const std::string& text) {
  const auto read = ReadText(text, "b.yaml");
  EXPECT_TRUE(read) << (read ? "" : read.error().message);
  return read.value_or(Configuration());
}

std::string Refused(const std::string& text) {
  const auto read = ReadText(text, "b.yaml");
  EXPECT_FALSE(read) << text;
  return read ? "" : read.error().message;
}

TEST(FileLayerTest, ValuesOfEveryKindReachTheirPlacesWithTheirOrigins) {
  const Configuration read = Read(
      "listeners: {http: '127.0.0.1:0', admin: off}\n"
      "workers: 3\n"
      "limits:\n"
      "  body_bytes: 1MiB\n"
      "models: {watch: true}\n"
      "endpoints:\n"
      "  tumour: {max_workers: 2, batch: {max_size: 8}}\n"
      "  /test/sleep: {fallback: {kind: constant, constant: '{\"a\":1}'}}\n"
      "static_files:\n"
      "  /static: /srv/www\n");
  EXPECT_EQ(read.values.listeners().http(), "127.0.0.1:0");
  EXPECT_EQ(read.values.listeners().admin(), "off");
  EXPECT_EQ(read.values.workers(), 3u);
  EXPECT_EQ(read.values.limits().body_bytes(), "1MiB");
  EXPECT_TRUE(read.values.models().watch());
  EXPECT_EQ(read.values.endpoints().at("tumour").batch().max_size(), 8u);
  EXPECT_EQ(read.values.endpoints().at("/test/sleep").fallback().constant(), "{\"a\":1}");
  EXPECT_EQ(read.values.static_files().at("/static"), "/srv/www");
  EXPECT_FALSE(read.values.has_backlog());
  EXPECT_EQ(read.origins.size(), 10u);
  EXPECT_EQ(read.OriginOf("limits.body_bytes"), "b.yaml:4:15");
  EXPECT_EQ(read.OriginOf("endpoints.tumour.batch.max_size"), "b.yaml:7:46");
  EXPECT_EQ(read.OriginOf("static_files./static"), "b.yaml:10:12");
  EXPECT_EQ(read.OriginOf("endpoints.tumour"), "b.yaml:7:46");
  EXPECT_EQ(read.OriginOf("endpoints.tum"), "");
}

TEST(FileLayerTest, EveryMistakeIsToldAtOnceWithItsPlaceAndWhatIsAllowed) {
  const std::string refused = Refused(
      "worker: 3\n"
      "backlog: many\n"
      "limits:\n"
      "  body_byte: 1MiB\n"
      "  json_depth: 0\n"
      "log: {level: [info], format: xml}\n"
      "budgets: 50ms\n"
      "workers: 1\n"
      "workers: 2\n"
      "endpoints: {tumour: {batch: {size: 1}}}\n");
  for (const char* const line : {
           "b.yaml:1:1: worker: unknown key, expected one of listeners, workers",
           "(did you mean workers?)",
           "b.yaml:2:10: backlog: expected a whole number from 1 to 65535, got 'many'",
           "b.yaml:4:3: limits.body_byte: unknown key",
           "(did you mean body_bytes?)",
           "b.yaml:5:15: limits.json_depth: expected a whole number from 1 to 256, got '0'",
           "b.yaml:6:14: log.level: expected debug, info, warning or error, got a list",
           "b.yaml:6:30: log.format: expected one of auto, text, json, got 'xml'",
           "b.yaml:7:10: budgets: expected a map of settings, got '50ms'",
           "b.yaml:9:1: workers: given twice, expected once",
           "b.yaml:10:30: endpoints.tumour.batch.size: unknown key",
       }) {
    EXPECT_THAT(refused, HasSubstr(line));
  }
}

TEST(FileLayerTest, AnEmptyFileSaysNothing) {
  EXPECT_TRUE(Read("").origins.empty());
  EXPECT_TRUE(Read("# nothing\n").origins.empty());
}

TEST(FileLayerTest, WhatIsNoMapOrNoYamlIsRefused) {
  EXPECT_THAT(Refused("- workers\n"), HasSubstr("b.yaml:1:1: expected a map of settings"));
  EXPECT_THAT(Refused("workers: [1\n"), HasSubstr("b.yaml:"));
  EXPECT_THAT(Refused("workers: &a 1\n"), HasSubstr("anchors are not allowed"));
  EXPECT_THAT(Refused("limits:\n"), HasSubstr("limits: expected a map of settings, got nothing"));
  EXPECT_THAT(Refused("endpoints: {" + std::string(300, 'e') + ": {}}"),
              HasSubstr("a name of at most 256 bytes"));
}

TEST(FileLayerTest, FilesThatAreNoneOrTooLargeAreRefused) {
  const TemporaryFolder folder;
  const auto refused = [](const std::filesystem::path& file) {
    const auto read = ReadFile(file);
    return read ? "" : read.error().message;
  };
  EXPECT_THAT(refused(folder.path()), HasSubstr("is not a file"));
  EXPECT_THAT(refused(folder.path() / "gone.yaml"), HasSubstr("is not there"));
  std::ofstream(folder.path() / "large.yaml") << "workers: 2\n";
  std::filesystem::resize_file(folder.path() / "large.yaml", 100'000'000);
  EXPECT_THAT(refused(folder.path() / "large.yaml"), HasSubstr("expected at most 1MiB"));
  EXPECT_THAT(Refused(std::string(2'000'000, ' ')), HasSubstr("expected at most 1MiB"));
}

}  // namespace
}  // namespace baton::config
