// A configuration that is read again: what is taken of it, what waits for a restart, and that a
// mistake changes nothing.
#include "server/app/live_configuration.h"

#include <memory>
#include <random>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/mutated_yaml.h"
#include "tests/support/temporary_folder.h"

namespace baton::app {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using Outcome = LiveConfiguration::Outcome;

class LiveConfigurationTest : public testing::Test {
 protected:
  LiveConfigurationTest() {
    EXPECT_TRUE(pool_.Resize(2));
    Write("workers: 2\n");
    live_.emplace(LiveConfiguration::Parts{configured_, keeper_, pool_, scheduler_, pending_,
                                           conductors_, [this] { return now_ms_; }},
                  Loaded());
  }

  void Write(const std::string& text) const { folder_.Write("b.yaml", text); }
  std::string File() const { return (folder_.path() / "b.yaml").string(); }
  // Reads what the file says, and takes it.
  Result<LiveConfiguration::Effect> Reload(const std::string& text, bool validate_only = false) {
    Write(text);
    const auto wanted = live_->Compare(live_->Read());
    if (!wanted) return tl::unexpected<Error>(wanted.error());
    differences_ = wanted->differences;
    return live_->Take(*wanted, validate_only);
  }
  std::string Refused(const std::string& text) {
    const auto taken = Reload(text);
    EXPECT_FALSE(taken) << text;
    return taken ? "" : taken.error().message;
  }
  std::string ValueOf(const std::string& key) const {
    for (const control::ConfiguredValue& value : live_->Values()) {
      if (value.key == key) return value.value;
    }
    return "";
  }
  // What a reload may change, as one text.
  std::string InForce() const {
    std::string text = std::to_string(pool_.size()) + " " +
                       std::to_string(scheduler_.waiting_limit()) + " " +
                       std::to_string(pending_.limit());
    for (const serve::Endpoint* const endpoint : endpoints_.All()) {
      const serve::EndpointPolicy policy = serving_.PolicyOf(endpoint->index);
      text += " " + std::to_string(policy.default_budget.count()) + "/" +
              std::to_string(policy.max_workers);
    }
    return text + " " + live_->state().hash;
  }

  testing_support::TemporaryFolder folder_;
  std::int64_t now_ms_ = 1000;
  ManualClock clock_;
  metrics::Registry registry_;
  serve::Endpoints endpoints_{registry_};
  const serve::Endpoint* const reverse_ = *endpoints_.Add("reverse", serve::Endpoint::Kind::kRoute);
  serve::MissRing misses_;
  serve::PendingResponses pending_{16};
  serve::Scheduler scheduler_{clock_, {}, 0};
  serve::Scheduler reserve_{clock_, {}, 0};
  ServingState serving_{endpoints_, scheduler_, reserve_, {}};
  ConfiguredEndpoints configured_{endpoints_, serving_, {}};
  const DeskParts desk_{pending_, scheduler_, reserve_, misses_};
  const models::ModelSource source_{{}};
  ModelKeeper keeper_{
      {clock_, endpoints_, serving_, configured_, desk_, source_, registry_}, {}, {}};
  serve::WorkerPool pool_{scheduler_, pending_, clock_, registry_, {}};
  std::vector<std::unique_ptr<Conductor>> conductors_;
  std::optional<LiveConfiguration> live_;
  std::vector<config::Difference> differences_;

 private:
  LoadedConfiguration Loaded() const {
    config::Sources sources{File(), {"BATON_BACKLOG=99"}, {{"--conductors", "2"}}};
    auto loaded = config::Load(sources);
    EXPECT_TRUE(loaded);
    return {std::move(sources), loaded->configuration};
  }
};

TEST_F(LiveConfigurationTest, WhatTheServerStartedWithIsInForce) {
  EXPECT_EQ(ValueOf("workers"), "2");
  EXPECT_EQ(ValueOf("backlog"), "99");
  const control::ConfigurationState state = live_->state();
  EXPECT_EQ(state.generation, 1u);
  EXPECT_EQ(state.file, File());
  EXPECT_THAT(state.hash, SizeIs(64));
  EXPECT_EQ(state.loaded_unix_ms, 1000);
  EXPECT_TRUE(live_->figures().was_last_successful);
}

TEST_F(LiveConfigurationTest, WhatDiffersIsTaken) {
  const auto effect = Reload(
      "workers: 3\nbudgets: {default: 70ms}\nendpoints: {reverse: {max_workers: 2}}\n"
      "limits: {queued_requests: 77, pending_requests: 88}\n");
  ASSERT_TRUE(effect) << effect.error().message;
  EXPECT_TRUE(effect->pool);
  EXPECT_THAT(effect->endpoints, testing::Contains(testing::Key(reverse_->index)));
  EXPECT_EQ(pool_.size(), 3);
  EXPECT_EQ(serving_.PolicyOf(reverse_->index).default_budget, Duration(70ms));
  EXPECT_EQ(serving_.PolicyOf(reverse_->index).max_workers, 2);
  EXPECT_EQ(scheduler_.waiting_limit(), 77u);
  EXPECT_EQ(pending_.limit(), 88u);
  EXPECT_EQ(ValueOf("endpoints.reverse.max_workers"), "2");
}

TEST_F(LiveConfigurationTest, WhatNeedsARestartIsToldEachTimeAndStays) {
  const std::string hash = live_->state().hash;
  for (int i = 0; i < 2; ++i) {
    const auto effect = Reload("workers: 2\nuser: www\nlimits: {body_bytes: 1MiB}\n");
    ASSERT_TRUE(effect) << effect.error().message;
    EXPECT_FALSE(effect->pool);
    EXPECT_THAT(effect->endpoints, IsEmpty());
    ASSERT_THAT(differences_, SizeIs(2));
    EXPECT_EQ(differences_[0].key, "limits.body_bytes");
    EXPECT_EQ(differences_[1].key, "user");
    EXPECT_EQ(differences_[1].before, "nobody");
    EXPECT_EQ(differences_[1].after, "www");
    EXPECT_TRUE(differences_[1].needs_restart);
    EXPECT_EQ(ValueOf("user"), "nobody");
    EXPECT_EQ(live_->state().hash, hash);
  }
}

TEST_F(LiveConfigurationTest, EnvironmentAndFlagsStillWin) {
  ASSERT_TRUE(Reload("workers: 2\nbacklog: 5\nconductors: 7\n"));
  EXPECT_THAT(differences_, IsEmpty());
}

TEST_F(LiveConfigurationTest, TheHashIsThatOfWhatIsInForce) {
  const std::string first = live_->state().hash;
  ASSERT_TRUE(Reload("workers: 3\n"));
  EXPECT_NE(live_->state().hash, first);
  ASSERT_TRUE(Reload("# as before\nworkers: 2\n"));
  EXPECT_EQ(live_->state().hash, first);
}

TEST_F(LiveConfigurationTest, AMistakeAnywhereChangesNothing) {
  const std::string before = InForce();
  EXPECT_THAT(Refused("workers: 3\nbudget: {default: 70ms}\nlimits: {queued_requests: none}\n"),
              AllOf(HasSubstr("b.yaml:2:1: budget: unknown key"),
                    HasSubstr("b.yaml:3:27: limits.queued_requests: ")));
  EXPECT_THAT(Refused("workers: 3\nbudgets: {default: 20s}\n"), HasSubstr("budgets.default"));
  EXPECT_THAT(Refused("workers: 3\nendpoints: {nobody: {max_workers: 1}}\n"),
              HasSubstr("b.yaml:2:35: endpoints.nobody: there is no such endpoint"));
  EXPECT_THAT(Refused("workers: 3\nstatic_files: {v2: /srv}\n"), HasSubstr("static_files.v2"));
  EXPECT_THAT(Refused("workers: 3\nbudgets: {default:"), HasSubstr("b.yaml:"));
  EXPECT_THAT(Refused("workers: 3\n#" + std::string(std::size_t{1} << 20U, 'x')),
              HasSubstr("b.yaml: is too large, expected at most 1MiB"));
  EXPECT_EQ(InForce(), before);
}

TEST_F(LiveConfigurationTest, ADamagedFileIsTakenWholeOrNotAtAll) {
  const std::string whole =
      "budgets: {default: 70ms, max: 1s}\nlimits: {queued_requests: 70000, idle_time: 3s}\n"
      "endpoints: {reverse: {max_workers: 2, batch: {max_size: 8}}}\nlog: {level: debug}\n";
  std::mt19937 random(7);
  std::string before = InForce();
  for (int i = 0; i < 12; ++i) {
    const auto taken = Reload(MutatedYaml(whole, random));
    if (!taken) {
      EXPECT_EQ(InForce(), before) << taken.error().message;
    }
    before = InForce();
  }
}

TEST_F(LiveConfigurationTest, AFileThatIsGoneOrNoneChangesNothing) {
  const std::string before = InForce();
  std::filesystem::remove(File());
  EXPECT_THAT(live_->Read().error().message, HasSubstr("b.yaml: is not there"));
  std::filesystem::create_directory(File());
  EXPECT_THAT(live_->Read().error().message, HasSubstr("b.yaml: is not a file"));
  std::filesystem::remove(File());
  EXPECT_EQ(InForce(), before);
}

// What can be taken has to go together with what waits for a restart.
TEST_F(LiveConfigurationTest, ALimitThatDoesNotFitWithOneInForceIsRefused) {
  const std::string before = InForce();
  EXPECT_THAT(Refused("workers: 3\nlimits: {body_bytes: 1MiB, queued_bytes: 2MiB}\n"),
              HasSubstr("b.yaml:2:42: limits.queued_bytes: is 2MiB, expected at least "
                        "limits.body_bytes, which is 8MiB (default)"));
  EXPECT_EQ(InForce(), before);
}

TEST_F(LiveConfigurationTest, ALookTellsWhatDiffersAndChangesNothing) {
  const std::string before = InForce();
  ASSERT_TRUE(Reload("workers: 3\nbudgets: {default: 70ms}\n", true));
  EXPECT_THAT(differences_, SizeIs(2));
  EXPECT_EQ(InForce(), before);
}

TEST_F(LiveConfigurationTest, TheFileAsItWasPutsBackWhatItSaid) {
  const std::string before = InForce();
  ASSERT_TRUE(
      Reload("workers: 1\nbudgets: {default: 70ms}\nlimits: {queued_requests: 7}\n"
             "endpoints: {reverse: {max_workers: 2}}\n"));
  ASSERT_TRUE(Reload("workers: 2\n"));
  EXPECT_EQ(serving_.PolicyOf(reverse_->index), serve::EndpointPolicy());
  EXPECT_EQ(live_->state().hash, before.substr(before.size() - 64));
  EXPECT_EQ(pool_.size(), 2);
}

TEST_F(LiveConfigurationTest, APoolThatAnOperatorHasResizedStaysUntilTheFileSaysSomethingElse) {
  ASSERT_TRUE(pool_.Resize(5));
  ASSERT_TRUE(Reload("workers: 2\nbudgets: {default: 70ms}\n"));
  EXPECT_EQ(pool_.size(), 5);
  ASSERT_TRUE(Reload("workers: 3\n"));
  EXPECT_EQ(pool_.size(), 3);
}

TEST_F(LiveConfigurationTest, OutcomesAreCounted) {
  now_ms_ = 2000;
  live_->Note(Outcome::kApplied, 7);
  EXPECT_EQ(live_->state().generation, 7u);
  EXPECT_EQ(live_->state().loaded_unix_ms, 2000);
  now_ms_ = 3000;
  live_->Note(Outcome::kRefused, 8);
  EXPECT_FALSE(live_->figures().was_last_successful);
  EXPECT_EQ(live_->state().generation, 7u);
  EXPECT_EQ(live_->figures().loaded_unix_ms, 2000);
  live_->Note(Outcome::kUnchanged, 8);
  EXPECT_TRUE(live_->figures().was_last_successful);
  EXPECT_EQ(live_->state().generation, 7u);
  EXPECT_EQ(live_->figures().loaded_unix_ms, 3000);
  EXPECT_THAT(live_->figures().reloads, ElementsAre(1, 1, 1));
}

TEST_F(LiveConfigurationTest, TextsAreTheLabelsOfTheMetric) {
  EXPECT_EQ(ToText(Outcome::kApplied), "applied");
  EXPECT_EQ(ToText(Outcome::kUnchanged), "unchanged");
  EXPECT_EQ(ToText(Outcome::kRefused), "refused");
}

control::SettingsUpdate Update(control::SettingsGroup group, const std::string& key,
                               const std::string& value) {
  control::SettingsUpdate update;
  update.group = group;
  update.values[key] = value;
  return update;
}

class ChangedSettingsTest : public LiveConfigurationTest {
 protected:
  using Group = control::SettingsGroup;

  Status Set(Group group, const std::string& key, const std::string& value) {
    const auto wanted = live_->WithChanges(Update(group, key, value));
    if (!wanted) return tl::unexpected<Error>(wanted.error());
    const auto taken = live_->Take(*wanted, false);
    return taken ? Status() : tl::unexpected<Error>(taken.error());
  }
  control::SettingState Of(Group group, const std::string& key) const {
    for (control::SettingState& one : live_->Settings(group)) {
      if (one.key == key) return one;
    }
    ADD_FAILURE() << "no setting " << key;
    return {};
  }
};

TEST_F(ChangedSettingsTest, WhatAnOperatorSaysHoldsAndIsHis) {
  ASSERT_TRUE(Set(Group::kLimits, "queued_requests", "77"));
  ASSERT_TRUE(Set(Group::kAdmission, "default_budget", "70ms"));
  EXPECT_EQ(scheduler_.waiting_limit(), 77U);
  EXPECT_EQ(serving_.PolicyOf(reverse_->index).default_budget, Duration(70ms));
  EXPECT_EQ(Of(Group::kLimits, "queued_requests").origin, "operator");
  EXPECT_EQ(Of(Group::kAdmission, "queued_requests").value, "77");  // it is in both
  EXPECT_EQ(Of(Group::kLimits, "idle_time").origin, "default");
}

TEST_F(ChangedSettingsTest, TheConfigurationAndItsHashStayAsTheyWere) {
  const std::string hash = live_->state().hash;
  const std::string queued = ValueOf("limits.queued_requests");
  ASSERT_TRUE(Set(Group::kLimits, "queued_requests", "77"));
  EXPECT_EQ(live_->state().hash, hash);
  EXPECT_EQ(ValueOf("limits.queued_requests"), queued);
}

TEST_F(ChangedSettingsTest, AReloadEndsWhatItSaysOtherwiseAndNothingElse) {
  ASSERT_TRUE(Set(Group::kLimits, "queued_requests", "77"));
  ASSERT_TRUE(Set(Group::kLimits, "pending_requests", "88"));
  ASSERT_TRUE(Reload("workers: 3\nlimits: {queued_bytes: 32MiB}\n"));
  EXPECT_EQ(scheduler_.waiting_limit(), 77U);
  ASSERT_TRUE(Reload("workers: 3\nlimits: {queued_bytes: 32MiB, queued_requests: 55}\n"));
  EXPECT_EQ(scheduler_.waiting_limit(), 55U);
  EXPECT_EQ(pending_.limit(), 88U);
}

// Reading takes as long as the disk does: nobody waits for it, and nothing is lost over it.
TEST_F(ChangedSettingsTest, WhatIsSetWhileAReloadReadsStaysInForce) {
  Write("workers: 3\nlimits: {pending_requests: 55}\n");
  const auto read = live_->Read();
  ASSERT_TRUE(Set(Group::kLimits, "queued_requests", "77"));
  ASSERT_TRUE(Set(Group::kLimits, "pending_requests", "88"));
  const auto wanted = live_->Compare(read);
  ASSERT_TRUE(wanted);
  ASSERT_TRUE(live_->Take(*wanted, false));
  EXPECT_EQ(pool_.size(), 3);
  EXPECT_EQ(scheduler_.waiting_limit(), 77U);
  EXPECT_EQ(pending_.limit(), 55U);  // the sources have the last word
}

TEST_F(ChangedSettingsTest, AReloadThatDoesNotGoWithWhatAnOperatorHasSetIsRefused) {
  ASSERT_TRUE(Set(Group::kAdmission, "default_budget", "5s"));
  EXPECT_THAT(Refused("workers: 2\nbudgets: {max: 1s}\n"), HasSubstr("operator: budgets.default"));
  EXPECT_EQ(serving_.PolicyOf(reverse_->index).default_budget, Duration(5s));
}

TEST_F(ChangedSettingsTest, WhatIsWrongChangesNothing) {
  const std::string before = InForce();
  const Status unknown = Set(Group::kLimits, "idle_tim", "1s");
  ASSERT_FALSE(unknown);
  EXPECT_THAT(unknown.error().message, HasSubstr("did you mean idle_time?"));
  const Status module = Set(Group::kLogging, "levels.nett", "debug");
  ASSERT_FALSE(module);
  EXPECT_THAT(module.error().message, HasSubstr("did you mean levels.net?"));
  const Status wrong = Set(Group::kLimits, "queued_requests", "-1");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().field, "queued_requests");
  const Status restart = Set(Group::kLimits, "body_bytes", "1MiB");
  ASSERT_FALSE(restart);
  EXPECT_EQ(restart.error().code, ErrorCode::kFailedPrecondition);
  const Status together = Set(Group::kAdmission, "default_budget", "20s");
  ASSERT_FALSE(together);
  EXPECT_EQ(together.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(InForce(), before);
}

TEST_F(ChangedSettingsTest, TryingChangesNothing) {
  const auto wanted = live_->WithChanges(Update(Group::kLimits, "queued_requests", "77"));
  ASSERT_TRUE(wanted);
  const std::string before = InForce();
  ASSERT_TRUE(live_->Take(*wanted, true));
  EXPECT_EQ(InForce(), before);
  EXPECT_NE(Of(Group::kLimits, "queued_requests").origin, "operator");
}

TEST_F(ChangedSettingsTest, EachGroupHasItsSettingsWithWhatIsExpected) {
  EXPECT_THAT(live_->Settings(Group::kLogging), SizeIs(14));
  EXPECT_THAT(live_->Settings(Group::kAdmission), SizeIs(7));
  EXPECT_THAT(live_->Settings(Group::kLimits), SizeIs(28));
  const control::SettingState idle = Of(Group::kLimits, "idle_time");
  EXPECT_EQ(idle.setting, "limits.idle_time");
  EXPECT_THAT(idle.expected, HasSubstr("a duration such as 50ms: "));
  EXPECT_FALSE(idle.needs_restart);
  EXPECT_TRUE(Of(Group::kAdmission, "policy").needs_restart);
}

}  // namespace
}  // namespace baton::app
