// What is written reads back as the same.
#include "server/config/text.h"

#include <string>

#include <gmock/gmock.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include "server/config/file_layer.h"

namespace baton::config {
namespace {

using google::protobuf::util::MessageDifferencer;
using testing::HasSubstr;

Configuration Whole(const std::string& text) {
  Configuration whole = Defaults();
  const auto read = ReadText(text, "b.yaml");
  EXPECT_TRUE(read) << (read ? "" : read.error().message) << "\n" << text;
  if (read) Overlay(*read, whole);
  return whole;
}

constexpr const char* kOdd = R"(
workers: 3
conductors: auto
listeners: {http: "[::1]:0", admin: "off"}
user: "a b: #'\"\n\u00e9"
endpoints:
  /test/sleep: {max_workers: 1}
  "null": {fallback: {kind: constant, constant: '{"a":"b\\c"}'}}
  empty: {}
  hollow: {batch: {}}
static_files: {/static: /srv, "/a b": "yes"}
)";

TEST(TextTest, WhatIsWrittenReadsBackAsTheSame) {
  for (const char* const text : {"", kOdd}) {
    const Configuration whole = Whole(text);
    for (const bool with_origins : {false, true}) {
      const std::string yaml = ToYaml(whole, with_origins);
      Configuration again = Whole(yaml);
      auto& endpoints = *again.values.mutable_endpoints();
      if (endpoints.contains("hollow")) endpoints["hollow"].mutable_batch();  // says nothing
      EXPECT_TRUE(MessageDifferencer::Equals(again.values, whole.values)) << yaml;
    }
    Configuration again = Whole(ToJson(whole, false));  // JSON is YAML
    EXPECT_TRUE(MessageDifferencer::Equals(again.values, whole.values));
  }
}

TEST(TextTest, OriginsStandBesideValues) {
  const Configuration whole = Whole("workers: 3\n");
  EXPECT_THAT(ToYaml(whole, true), HasSubstr("\nworkers: 3  # b.yaml:1:10\n"));
  EXPECT_THAT(ToYaml(whole, true), HasSubstr("\n  http: 0.0.0.0:8080  # default\n"));
  EXPECT_THAT(ToJson(whole, true),
              HasSubstr(R"({"key":"workers","value":3,"origin":"b.yaml:1:10"})"));
}

TEST(TextTest, AnOriginNeverBreaksALine) {
  Configuration whole = Whole("workers: 3\n");
  whole.origins["workers"] = "a\nbacklog: 1\n.yaml:1:10";
  EXPECT_THAT(ToYaml(whole, true), HasSubstr("\nworkers: 3  # a?backlog: 1?.yaml:1:10\n"));
}

TEST(TextTest, WhatHasNoValueSaysWhatHoldsThen) {
  const std::string yaml = ToYaml(Defaults(), false);
  EXPECT_THAT(yaml, HasSubstr("\n# workers: one for each core\n"));
  EXPECT_THAT(yaml, HasSubstr("\n  # folder: the bundled models\n"));
}

TEST(TextTest, TextsThatOthersMistakeAreQuoted) {
  EXPECT_EQ(Quoted("off"), "\"off\"");
  EXPECT_EQ(Quoted("Null"), "\"Null\"");
  EXPECT_EQ(Quoted(""), "\"\"");
  EXPECT_EQ(Quoted("- a"), "\"- a\"");
  EXPECT_EQ(Quoted("a: b"), "\"a: b\"");
  EXPECT_EQ(Quoted("127.0.0.1:80"), "127.0.0.1:80");
}

}  // namespace
}  // namespace baton::config
