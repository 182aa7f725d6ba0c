// A policy out of what all start with, config.yaml, the configuration, and what an operator has
// changed since.
#include "server/app/configured_endpoints.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace baton::app {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Key;
using Kind = serve::Endpoint::Kind;

control::EndpointChange Change(const std::vector<std::string>& settings,
                               const std::string& origin) {
  control::EndpointChange change;
  change.origin = origin;
  for (const std::string& setting : settings) {
    EXPECT_TRUE(control::AddSetting(setting, change)) << setting;
  }
  return change;
}

class ConfiguredEndpointsTest : public testing::Test {
 protected:
  static serve::EndpointPolicy Base(Duration budget = 30ms) {
    serve::EndpointPolicy base;
    base.default_budget = budget;
    base.max_budget = 1s;
    return base;
  }
  static EndpointChanges Said(const std::string& endpoint,
                              const std::vector<std::string>& settings) {
    return {{endpoint, Change(settings, "b.yaml:1:2")}};
  }
  Status TakeModel(const std::vector<std::string>& settings) {
    return configured_.TakeModel(*tumour_, Change(settings, "tumour/config.yaml"));
  }
  Result<ConfiguredEndpoints::Policies> Replace(const serve::EndpointPolicy& base,
                                                const EndpointChanges& changes) {
    return configured_.Replace(base, changes, false);
  }
  std::string Refused(const serve::EndpointPolicy& base, const EndpointChanges& changes) {
    const auto replaced = Replace(base, changes);
    EXPECT_FALSE(replaced);
    return replaced ? "" : replaced.error().message;
  }
  serve::EndpointPolicy Tumour() const { return serving_.PolicyOf(tumour_->index); }
  serve::EndpointPolicy Reverse() const { return serving_.PolicyOf(reverse_->index); }
  void Operator(const serve::Endpoint& endpoint, Duration max_budget) {
    serve::EndpointPolicy policy = serving_.PolicyOf(endpoint.index);
    policy.max_budget = max_budget;
    serving_.SetPolicy(endpoint.index, policy);
  }

  ManualClock clock_;
  metrics::Registry registry_;
  serve::Endpoints endpoints_{registry_};
  const serve::Endpoint* const tumour_ = *endpoints_.Add("tumour", Kind::kModel);
  const serve::Endpoint* const reverse_ = *endpoints_.Add("reverse", Kind::kRoute);
  serve::Scheduler scheduler_{clock_, {}, 0};
  serve::Scheduler reserve_{clock_, {}, 0};
  ServingState serving_{endpoints_, scheduler_, reserve_, Base()};
  ConfiguredEndpoints configured_{endpoints_, serving_, Said("tumour", {"max_workers=2"})};
};

TEST_F(ConfiguredEndpointsTest, TheConfigurationWinsOverConfigYamlOverTheBase) {
  ASSERT_TRUE(TakeModel({"max_workers=1", "min_workers=1"}));
  EXPECT_EQ(Tumour().max_workers, 2);
  EXPECT_EQ(Tumour().min_workers, 1);
  EXPECT_EQ(Tumour().default_budget, Duration(30ms));
}

TEST_F(ConfiguredEndpointsTest, AnotherConfigurationIsTakenOverTheSameConfigYaml) {
  ASSERT_TRUE(TakeModel({"max_workers=1", "min_workers=1"}));
  ASSERT_TRUE(Replace(Base(40ms), Said("reverse", {"max_workers=5"})));
  EXPECT_EQ(Tumour().max_workers, 1);
  EXPECT_EQ(Tumour().min_workers, 1);
  EXPECT_EQ(Tumour().default_budget, Duration(40ms));
  EXPECT_EQ(Reverse().max_workers, 5);
  EXPECT_EQ(Reverse().default_budget, Duration(40ms));
}

TEST_F(ConfiguredEndpointsTest, ThoseThatChangeAreNamedAndOthersAreNot) {
  ASSERT_TRUE(TakeModel({}));
  const EndpointChanges same = Said("tumour", {"max_workers=2"});
  EXPECT_THAT(*Replace(Base(), same), IsEmpty());
  EXPECT_THAT(*Replace(Base(), Said("tumour", {"max_workers=3"})),
              ElementsAre(Key(tumour_->index)));
}

TEST_F(ConfiguredEndpointsTest, WhatAnOperatorHasChangedStaysWhereTheConfigurationSaysTheSame) {
  ASSERT_TRUE(TakeModel({}));
  Operator(*tumour_, 500ms);
  ASSERT_TRUE(Replace(Base(40ms), Said("tumour", {"max_workers=3"})));
  EXPECT_EQ(Tumour().max_budget, Duration(500ms));
  EXPECT_EQ(Tumour().max_workers, 3);
  EXPECT_EQ(Tumour().default_budget, Duration(40ms));
  ASSERT_TRUE(Replace(Base(40ms), Said("tumour", {"max_workers=3", "max_budget=2s"})));
  EXPECT_EQ(Tumour().max_budget, Duration(2s));
}

TEST_F(ConfiguredEndpointsTest, EverythingThatIsWrongIsSaidAndNothingChanges) {
  ASSERT_TRUE(TakeModel({}));
  EndpointChanges wrong = Said("nobody", {"max_workers=3"});
  wrong.merge(Said("reverse", {"default_budget=2s"}));
  wrong.merge(Said("tumour", {"fallback=model", "fallback_model=reverse"}));
  EXPECT_THAT(Refused(Base(40ms), wrong),
              AllOf(HasSubstr("b.yaml:1:2: endpoints.nobody: there is no such endpoint, expected "
                              "one of reverse, tumour"),
                    HasSubstr("b.yaml:1:2: endpoints.reverse: default_budget is 2s"),
                    HasSubstr("b.yaml:1:2: endpoints.tumour: fallback.model is 'reverse'")));
  EXPECT_EQ(Tumour().default_budget, Duration(30ms));
  EXPECT_EQ(Tumour().max_workers, 2);
  EXPECT_EQ(serving_.base().default_budget, Duration(30ms));
}

TEST_F(ConfiguredEndpointsTest, ABaseThatAConfigYamlDoesNotFitIsRefused) {
  ASSERT_TRUE(TakeModel({"default_budget=200ms"}));
  serve::EndpointPolicy base = Base(40ms);
  base.max_budget = 100ms;
  EXPECT_THAT(Refused(base, {}),
              HasSubstr("tumour/config.yaml: endpoints.tumour: default_budget is 200ms"));
}

TEST_F(ConfiguredEndpointsTest, WhatDoesNotGoWithAnOperatorsChangeIsRefusedAndSaysSo) {
  Operator(*reverse_, 35ms);
  EXPECT_THAT(Refused(Base(40ms), {}), HasSubstr("with what an operator has set since"));
  EXPECT_EQ(Reverse().default_budget, Duration(30ms));
}

TEST_F(ConfiguredEndpointsTest, ALookTellsTheSameAndChangesNothing) {
  ASSERT_TRUE(TakeModel({}));
  const auto looked = configured_.Replace(Base(), Said("tumour", {"max_workers=3"}), true);
  ASSERT_TRUE(looked);
  EXPECT_THAT(*looked, ElementsAre(Key(tumour_->index)));
  EXPECT_EQ(Tumour().max_workers, 2);
  EXPECT_THAT(*Replace(Base(), Said("tumour", {"max_workers=2"})), IsEmpty());
}

TEST_F(ConfiguredEndpointsTest, AModelThatComesLaterGetsTheConfigurationOfThen) {
  EndpointChanges later = Said("tumour", {"max_workers=4"});
  ASSERT_TRUE(Replace(Base(40ms), later));
  ASSERT_TRUE(TakeModel({"min_workers=1"}));
  EXPECT_EQ(Tumour().max_workers, 4);
  EXPECT_EQ(Tumour().min_workers, 1);
  EXPECT_EQ(Tumour().default_budget, Duration(40ms));
}

TEST_F(ConfiguredEndpointsTest, AModelThatDoesNotGoWithTheConfigurationChangesNothing) {
  const Status taken = TakeModel({"min_workers=3"});
  ASSERT_FALSE(taken);
  EXPECT_THAT(taken.error().message, HasSubstr("b.yaml:1:2: endpoints.tumour: "));
  EXPECT_EQ(Tumour().min_workers, 0);
}

TEST(FollowedTest, AFallbackIsOneSetting) {
  serve::EndpointPolicy before;
  serve::EndpointPolicy after = before;
  after.fallback.kind = serve::FallbackPolicy::Kind::kConstant;
  after.fallback.constant = "{}";
  serve::EndpointPolicy in_force = before;
  in_force.fallback.kind = serve::FallbackPolicy::Kind::kLastGood;
  in_force.batch.max_size = 8;
  const serve::EndpointPolicy followed = Followed(in_force, before, after);
  EXPECT_EQ(followed.fallback, after.fallback);
  EXPECT_EQ(followed.batch.max_size, 8u);
  EXPECT_EQ(Followed(in_force, after, after), in_force);
}

}  // namespace
}  // namespace baton::app
