// The settings of an endpoint as KEY=VALUE texts, good and bad.
#include "server/control/endpoint_settings.h"

#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace baton::control {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

EndpointChange Read(const std::vector<std::string>& settings) {
  EndpointChange change;
  for (const std::string& setting : settings) {
    const Status added = AddSetting(setting, change);
    EXPECT_TRUE(added) << setting << ": " << added.error().message;
  }
  return change;
}

std::string ComplaintAbout(const std::string& setting) {
  EndpointChange change;
  const Status added = AddSetting(setting, change);
  EXPECT_THAT(change.keys, IsEmpty()) << setting;
  return added ? "" : added.error().message;
}

FallbackSettings InForce(const std::string& kind) {
  FallbackSettings settings;
  settings.kind = kind;
  settings.key_header = "Baton-Key";
  settings.max_age = 60s;
  settings.max_bytes = 8 << 20;
  return settings;
}

TEST(AddSettingTest, EveryKeyIsTakenInItsOwnKind) {
  const EndpointChange change =
      Read({"default_budget=40ms", "max_budget=1.5s", "slo_target=99.9%", "criticality=sheddable",
            "max_workers=3", "min_workers=1", "batch_max_size=8", "batch_max_delay=2ms"});
  EXPECT_EQ(change.update.default_budget, Duration(40ms));
  EXPECT_EQ(change.update.max_budget, Duration(1500ms));
  EXPECT_EQ(change.update.slo_target, 0.999);
  EXPECT_EQ(change.update.criticality, "sheddable");
  EXPECT_EQ(change.update.max_workers, 3);
  EXPECT_EQ(change.update.min_workers, 1);
  EXPECT_EQ(change.update.batch_max_size, 8);
  EXPECT_EQ(change.update.batch_max_delay, Duration(2ms));
  EXPECT_FALSE(change.update.fallback);
}

TEST(AddSettingTest, EveryPartOfAFallbackIsTakenInItsOwnKind) {
  const EndpointChange change =
      Read({"fallback=last_good", "fallback_constant={\"a\":\"b=c\"}", "fallback_key_header=X-User",
            "fallback_max_age=5s", "fallback_max_bytes=16MiB", "fallback_model=digits"});
  EXPECT_EQ(change.fallback.kind, "last_good");
  EXPECT_EQ(change.fallback.constant, "{\"a\":\"b=c\"}");
  EXPECT_EQ(change.fallback.key_header, "X-User");
  EXPECT_EQ(change.fallback.max_age, Duration(5s));
  EXPECT_EQ(change.fallback.max_bytes, std::uint64_t{16} << 20);
  EXPECT_EQ(change.fallback.model, "digits");
}

TEST(AddSettingTest, WhatDoesNotReadIsRefusedWithItsKeyAndLeavesNothing) {
  const std::vector<std::pair<std::string, std::string>> table = {
      {"max_workers", "expected KEY=VALUE (such as default_budget=...), got 'max_workers'"},
      {"=3", "expected KEY=VALUE"},
      {"max_budgt=1s", "unknown setting 'max_budgt' of endpoint: expected one of default_budget,"},
      {"max_budgt=1s", "did you mean max_budget?"},
      {"default_budget=40", "default_budget: '40' is no duration"},
      {"slo_target=0.99", "slo_target: '0.99' is no percentage"},
      {"criticality=urgent",
       "criticality: expected one of critical, default, sheddable, got 'urgent'"},
      {"max_workers=many", "max_workers: expected a whole number, got 'many'"},
      {"min_workers=1.5", "min_workers: expected a whole number, got '1.5'"},
      {"batch_max_size=", "batch_max_size: expected a whole number, got ''"},
      {"batch_max_delay=soon", "batch_max_delay: 'soon' is no duration"},
      {"fallback=zero", "fallback: expected one of none, constant, last_good, model, got 'zero'"},
      {"fallback_max_age=x", "fallback_max_age: 'x' is no duration"},
      {"fallback_max_bytes=8MB", "fallback_max_bytes: '8MB' is no size"},
      {"fallback_model=", "fallback_model: expected a value, got nothing"}};
  for (const auto& [setting, part] : table) {
    EXPECT_THAT(ComplaintAbout(setting), HasSubstr(part));
  }
}

TEST(AddSettingTest, AKeyThatFitsNoneGetsNoHint) {
  EXPECT_THAT(ComplaintAbout("colour=red"), testing::Not(HasSubstr("did you mean")));
}

TEST(AddSettingTest, AKeyGivenTwiceIsRefusedAndTheFirstStays) {
  EndpointChange change = Read({"max_workers=3"});
  const Status again = AddSetting("max_workers=4", change);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().message, "max_workers: given twice, expected once");
  EXPECT_EQ(change.update.max_workers, 3);
}

TEST(WantedFallbackTest, WithoutAPartOfItNothingIsWanted) {
  const auto wanted = WantedFallback(Read({"max_workers=3"}), InForce("none"));
  ASSERT_TRUE(wanted);
  EXPECT_FALSE(wanted->has_value());
}

TEST(WantedFallbackTest, WhatIsNotNamedStaysAsItIs) {
  const auto wanted = WantedFallback(Read({"fallback_max_age=5s"}), InForce("last_good"));
  ASSERT_TRUE(wanted);
  EXPECT_EQ((*wanted)->kind, "last_good");
  EXPECT_EQ((*wanted)->key_header, "Baton-Key");
  EXPECT_EQ((*wanted)->max_age, Duration(5s));
  EXPECT_EQ((*wanted)->max_bytes, std::uint64_t{8} << 20);
}

TEST(WantedFallbackTest, AConstantOrAModelThatIsNowhereIsAskedFor) {
  const auto constant = WantedFallback(Read({"fallback=constant"}), InForce("none"));
  ASSERT_FALSE(constant);
  EXPECT_EQ(constant.error().message,
            "fallback: constant needs fallback_constant=JSON too, and there is none yet");
  const auto model = WantedFallback(Read({"fallback=model"}), InForce("none"));
  ASSERT_FALSE(model);
  EXPECT_THAT(model.error().message, HasSubstr("fallback_model=NAME"));
  FallbackSettings with_constant = InForce("none");
  with_constant.constant = "{}";
  EXPECT_TRUE(WantedFallback(Read({"fallback=constant"}), with_constant));
}

TEST(WantedFallbackTest, APartThatTheKindDoesNotUseIsRefused) {
  const auto wanted = WantedFallback(Read({"fallback_model=digits"}), InForce("none"));
  ASSERT_FALSE(wanted);
  EXPECT_EQ(wanted.error().message,
            "fallback_model: only with fallback=model, and the fallback is none");
  EXPECT_EQ(wanted.error().field, "fallback_model");
}

TEST(WantedUpdateTest, TheFallbackTravelsAsOneWholeBesideTheRest) {
  const auto update = WantedUpdate(Read({"max_workers=2", "fallback=last_good"}), InForce("none"));
  ASSERT_TRUE(update);
  EXPECT_EQ(update->max_workers, 2);
  ASSERT_TRUE(update->fallback);
  EXPECT_EQ(update->fallback->kind, "last_good");
  EXPECT_EQ(update->fallback->key_header, "Baton-Key");
}

TEST(SettingsOfTest, EverySettingIsShownAsItCanBeGivenBack) {
  EndpointState state;
  state.default_budget = 50ms;
  state.max_budget = 10s;
  state.slo_target = 0.999;
  state.criticality = "critical";
  state.max_workers = 3;
  state.batch.max_size = 8;
  state.fallback = InForce("last_good");
  EndpointChange change;
  std::vector<std::string> unused;
  for (const Setting& setting : SettingsOf(state)) {
    if (setting.value.empty()) {
      unused.emplace_back(setting.key);
    } else {
      EXPECT_TRUE(AddSetting(std::string(setting.key) + "=" + setting.value, change));
    }
  }
  EXPECT_THAT(unused, ElementsAre("fallback_constant", "fallback_model"));
  EXPECT_EQ(change.keys.size() + unused.size(), EndpointKeys().size());
  EXPECT_EQ(change.update.max_budget, Duration(10s));
  EXPECT_EQ(change.update.slo_target, 0.999);
  EXPECT_EQ(change.update.criticality, "critical");
  EXPECT_EQ(change.fallback.max_bytes, std::uint64_t{8} << 20);
}

TEST(ChangedSettingsTest, OnlyWhatDiffersIsNamedAndLongValuesAreCut) {
  EndpointState before;
  before.fallback = InForce("none");
  EndpointState after = before;
  EXPECT_THAT(ChangedSettings(before, after), IsEmpty());
  after.slo_target = 0.999;
  after.min_workers = 2;
  after.fallback.kind = "constant";
  after.fallback.constant = std::string(1000, 'x');
  const std::vector<SettingChange> changed = ChangedSettings(before, after);
  ASSERT_EQ(changed.size(), 4U);
  EXPECT_EQ(changed[0].key, "slo_target");
  EXPECT_EQ(changed[0].before, "99%");
  EXPECT_EQ(changed[0].after, "99.9%");
  EXPECT_EQ(changed[1].key, "min_workers");
  EXPECT_EQ(changed[1].before, "0");
  EXPECT_EQ(changed[1].after, "2");
  EXPECT_EQ(changed[2].key, "fallback");
  EXPECT_EQ(changed[3].before, "");
  EXPECT_EQ(changed[3].after, std::string(256, 'x') + "... (1000 bytes)");
}

}  // namespace
}  // namespace baton::control
