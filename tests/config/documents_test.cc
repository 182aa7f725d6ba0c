// What is checked in for people is what the schema says.
#include "server/config/documents.h"

#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

#include <gmock/gmock.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include "server/config/configuration.h"
#include "server/config/file_layer.h"
#include "server/config/settings.h"

namespace baton::config {
namespace {

using testing::HasSubstr;

std::string Document(const std::string& name) {
  std::ifstream file(std::string(BATON_TEST_DOCS_DIR) + "/" + name);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

TEST(DocumentsTest, TheExampleIsTheOneThatIsCheckedIn) {
  EXPECT_EQ(Document("baton.example.yaml"), Example())
      << "write it anew: baton-server config example > docs/baton.example.yaml";
}

TEST(DocumentsTest, TheReferenceIsTheOneThatIsCheckedIn) {
  EXPECT_EQ(Document("reference/configuration.md"), Reference())
      << "write it anew: baton-server config reference > docs/reference/configuration.md";
}

TEST(DocumentsTest, TheExampleSaysTheDefaults) {
  const auto read = ReadText(Example(), "example.yaml");
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(read->values, Defaults().values));
}

// A '#' with one blank behind it is a remark, any other stands before a key.
TEST(DocumentsTest, WhatStandsBehindASignInTheExampleIsValidToo) {
  std::istringstream lines(Example());
  std::string text;
  for (std::string line; std::getline(lines, line);) {
    const bool is_key = line.size() > 2 && line[0] == '#' && (line[1] != ' ' || line[2] == ' ');
    text += (is_key ? line.substr(1) : line) + "\n";
  }
  const auto read = ReadText(text, "example.yaml");
  ASSERT_TRUE(read) << read.error().message << "\n" << text;
  EXPECT_EQ(read->origins.size(), AllSettings().size());
}

TEST(DocumentsTest, TheJsonSchemaKnowsEverySetting) {
  const std::string schema = JsonSchema();
  EXPECT_THAT(schema, HasSubstr("https://json-schema.org/draft/2020-12/schema"));
  for (const KnownSetting& setting : AllSettings()) {
    if (KindOf(*setting.field) == Kind::kTextsByName) continue;
    EXPECT_THAT(schema, HasSubstr("\"" + setting.field->name() + "\":{\"description\""));
  }
}

}  // namespace
}  // namespace baton::config
