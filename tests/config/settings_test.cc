// The schema as rules: every setting has what the reader, the example and the reference need.
#include "server/config/settings.h"

#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/config/layers.h"

namespace baton::config {
namespace {

using testing::HasSubstr;

const v1::Setting& RulesAt(const std::string& path) {
  for (const KnownSetting& setting : AllSettings()) {
    if (setting.path == path) return RulesOf(*setting.field);
  }
  ADD_FAILURE() << "there is no " << path;
  return v1::Setting::default_instance();
}

std::string Refused(const std::string& path, const std::string& text) {
  const Status checked = CheckText(RulesAt(path), text);
  EXPECT_FALSE(checked) << path << " takes " << text;
  return checked ? "" : checked.error().message;
}

TEST(SettingsTest, EverySettingSaysWhatItIsAndByWhichFlag) {
  std::set<std::string> flags;
  for (const KnownSetting& setting : AllSettings()) {
    const v1::Setting& rules = RulesOf(*setting.field);
    EXPECT_NE(rules.form(), v1::FORM_UNSPECIFIED) << setting.path;
    EXPECT_FALSE(rules.help().empty()) << setting.path;
    EXPECT_TRUE(flags.insert(rules.flag()).second) << setting.path << " shares " << rules.flag();
    EXPECT_NE(rules.default_value().empty(), rules.without().empty()) << setting.path;
  }
  EXPECT_EQ(flags.count(""), 0u);
}

TEST(SettingsTest, DefaultsAndExamplesAreAllowed) {
  for (const KnownSetting& setting : AllSettings()) {
    const v1::Setting& rules = RulesOf(*setting.field);
    const bool is_by_name = KindOf(*setting.field) == Kind::kTextsByName;
    const std::string& value = is_by_name                      ? rules.without()
                               : rules.default_value().empty() ? rules.example()
                                                               : rules.default_value();
    EXPECT_TRUE(CheckText(rules, value)) << setting.path << ": " << value;
  }
}

TEST(SettingsTest, VariablesOfDifferentSettingsDiffer) {
  std::set<std::string> names;
  for (const KnownSetting& setting : AllSettings()) {
    EXPECT_TRUE(names.insert(VariableOf(setting.path)).second) << setting.path;
  }
}

TEST(SettingsTest, WhatIsOutOfRangeIsToldWithTheRange) {
  EXPECT_THAT(Refused("workers", "1025"), HasSubstr("from 1 to 1024, got '1025'"));
  EXPECT_THAT(Refused("workers", "-1"), HasSubstr("from 1 to 1024"));
  EXPECT_THAT(Refused("budgets.max", "2h"), HasSubstr("expected 1ms to 3600s, got 2h"));
  EXPECT_THAT(Refused("budgets.max", "50"), HasSubstr("'50' is no duration"));
  EXPECT_THAT(Refused("limits.body_bytes", "2GiB"), HasSubstr("expected 1B to 1GiB, got 2GiB"));
  EXPECT_THAT(Refused("log.level", "warnin"), HasSubstr("did you mean warning?"));
  EXPECT_THAT(Refused("log.levels.net", "inherited"), HasSubstr("did you mean inherit?"));
  EXPECT_THAT(Refused("log.sampling", "101%"), HasSubstr("from 0% to 100%, got '101%'"));
  EXPECT_THAT(Refused("log.sampling", "0.5"), HasSubstr("expected a percentage"));
  EXPECT_THAT(Refused("endpoints.NAME.slo_target", "100%"),
              HasSubstr("from 95% to 99.999%, got '100%'"));
  EXPECT_THAT(Refused("models.watch", "maybe"), HasSubstr("expected true or false, got 'maybe'"));
  EXPECT_THAT(Refused("listeners.http", "off"), HasSubstr("expected ADDR:PORT"));
  EXPECT_THAT(Refused("conductors", "many"), HasSubstr("expected 1 to 64, or auto, got 'many'"));
  EXPECT_THAT(Refused("user", ""), HasSubstr("got nothing"));
  EXPECT_THAT(Refused("user", std::string(300, 'u')), HasSubstr("at most 256 bytes, got 300"));
  EXPECT_THAT(Refused("user", std::string("a\0b", 3)), HasSubstr("zero byte"));
}

// Whoever takes away a needs_restart has to apply the setting: app::LiveConfiguration.
TEST(SettingsTest, TheseAreTakenWhileTheServerRunsAndNoOthers) {
  std::set<std::string> taken;
  for (const KnownSetting& setting : AllSettings()) {
    if (setting.path.starts_with("endpoints.")) {
      EXPECT_FALSE(RulesOf(*setting.field).needs_restart()) << setting.path;
    } else if (!RulesOf(*setting.field).needs_restart()) {
      taken.insert(setting.path);
    }
  }
  EXPECT_THAT(
      taken,
      testing::UnorderedElementsAre(
          "workers", "half_close", "budgets.default", "budgets.max", "models.watch", "log.level",
          "log.levels.base", "log.levels.net", "log.levels.access", "log.levels.models",
          "log.levels.rpc", "log.levels.lifecycle", "log.levels.app", "log.levels.admin",
          "log.sampling", "log.misses_per_second", "log.samples_per_second", "tracing.sample",
          "tracing.callers", "tracing.misses", "tracing.others", "limits.forgotten_bytes",
          "limits.head_time", "limits.body_time", "limits.body_grace", "limits.body_rate",
          "limits.write_bytes", "limits.idle_time", "limits.linger_time",
          "limits.pipelined_requests", "limits.unsent_bytes", "limits.held_free_bytes",
          "limits.queued_requests", "limits.queued_bytes", "limits.pending_requests"));
}

TEST(SettingsTest, APercentageMayHaveBoundsOfItsOwn) {
  EXPECT_EQ(Allowed(RulesAt("tracing.sample")), "0% to 100%");
  EXPECT_EQ(Allowed(RulesAt("endpoints.NAME.slo_target")), "95% to 99.999%");
  EXPECT_TRUE(CheckText(RulesAt("endpoints.NAME.slo_target"), "95%"));
  EXPECT_TRUE(CheckText(RulesAt("endpoints.NAME.slo_target"), "99.999%"));
}

TEST(SettingsTest, WordsBesidesANumberAreTaken) {
  EXPECT_TRUE(CheckText(RulesAt("conductors"), "auto"));
  EXPECT_TRUE(CheckText(RulesAt("conductors"), "64"));
  EXPECT_TRUE(CheckText(RulesAt("listeners.admin"), "off"));
}

}  // namespace
}  // namespace baton::config
