// What operators say of endpoints, and the policies that come of it.
#include "server/app/endpoint_policies.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace baton::app {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using Kind = serve::FallbackPolicy::Kind;

control::EndpointUpdate WithFallback(const control::FallbackSettings& fallback) {
  control::EndpointUpdate update;
  update.fallback = fallback;
  return update;
}

control::EndpointUpdate WithConstant(const std::string& constant) {
  control::FallbackSettings fallback;
  fallback.kind = "constant";
  fallback.constant = constant;
  return WithFallback(fallback);
}

struct SomeEndpoints {
  std::vector<std::unique_ptr<const serve::Endpoint>> kept;
  EndpointList list;
};

SomeEndpoints MakeEndpoints() {
  const std::vector<std::pair<std::string, serve::Endpoint::Kind>> named = {
      {"_unknown_", serve::Endpoint::Kind::kUnknown},
      {"tumour", serve::Endpoint::Kind::kModel},
      {"digits", serve::Endpoint::Kind::kModel},
      {"reverse", serve::Endpoint::Kind::kRoute}};
  SomeEndpoints endpoints;
  for (const auto& [name, kind] : named) {
    auto endpoint = std::make_unique<serve::Endpoint>();
    endpoint->name = name;
    endpoint->kind = kind;
    endpoint->index = static_cast<std::uint32_t>(endpoints.list.size());
    endpoints.list.push_back(endpoint.get());
    endpoints.kept.push_back(std::move(endpoint));
  }
  return endpoints;
}

std::string ComplaintOf(const control::EndpointUpdate& update, std::string* field = nullptr) {
  const Result<serve::EndpointPolicy> updated = Updated({}, update);
  if (updated) return "";
  EXPECT_EQ(updated.error().code, ErrorCode::kInvalidArgument);
  if (field != nullptr) *field = updated.error().field;
  return updated.error().message;
}

TEST(UpdatedTest, EverySettingArrivesAndIsDescribedAgain) {
  control::EndpointUpdate update;
  update.default_budget = 20ms;
  update.max_budget = 2s;
  update.slo_target = 0.999;
  update.criticality = "sheddable";
  update.max_workers = 4;
  update.min_workers = 2;
  update.batch_max_size = 8;
  update.batch_max_delay = 3ms;
  update.fallback = control::FallbackSettings{"last_good", "", "X-User", 5s, 4096, ""};
  const Result<serve::EndpointPolicy> policy = Updated({}, update);
  ASSERT_TRUE(policy) << policy.error().message;
  EXPECT_EQ(policy->slo_target, 0.999);
  EXPECT_EQ(policy->criticality, serve::Criticality::kSheddable);
  EXPECT_EQ(policy->batch.max_size, 8U);
  EXPECT_EQ(policy->fallback.kind, Kind::kLastGood);

  control::EndpointState state;
  Describe(*policy, state);
  EXPECT_EQ(state.default_budget, Duration(20ms));
  EXPECT_EQ(state.max_budget, Duration(2s));
  EXPECT_EQ(state.slo_target, 0.999);
  EXPECT_EQ(state.criticality, "sheddable");
  EXPECT_EQ(state.max_workers, 4);
  EXPECT_EQ(state.min_workers, 2);
  EXPECT_EQ(state.batch.max_size, 8);
  EXPECT_EQ(state.batch.max_delay, Duration(3ms));
  EXPECT_EQ(state.fallback.kind, "last_good");
  EXPECT_EQ(state.fallback.key_header, "X-User");
  EXPECT_EQ(state.fallback.max_age, Duration(5s));
  EXPECT_EQ(state.fallback.max_bytes, 4096U);
}

TEST(UpdatedTest, WhatIsNotNamedStaysAsItIs) {
  serve::EndpointPolicy policy;
  policy.max_workers = 3;
  policy.slo_target = 0.97;
  policy.batch.max_delay = 5ms;
  control::EndpointUpdate update;
  update.batch_max_size = 2;
  const Result<serve::EndpointPolicy> updated = Updated(policy, update);
  ASSERT_TRUE(updated);
  EXPECT_EQ(updated->max_workers, 3);
  EXPECT_EQ(updated->slo_target, 0.97);
  EXPECT_EQ(updated->batch.max_delay, Duration(5ms));
  EXPECT_EQ(updated->batch.max_size, 2U);
}

TEST(UpdatedTest, OfAFallbackOnlyWhatItsKindUsesIsTaken) {
  serve::EndpointPolicy policy;
  policy.fallback.key_header = "X-User";
  const Result<serve::EndpointPolicy> updated = Updated(policy, WithConstant("{\"a\":1}"));
  ASSERT_TRUE(updated) << updated.error().message;
  EXPECT_EQ(updated->fallback.kind, Kind::kConstant);
  EXPECT_EQ(updated->fallback.constant, "{\"a\":1}");
  EXPECT_EQ(updated->fallback.key_header, "X-User");
  EXPECT_EQ(updated->fallback.max_age, Duration(60s));
}

TEST(UpdatedTest, WhatIsOutOfRangeIsRefusedWithItsField) {
  std::string field;
  control::EndpointUpdate update;
  update.batch_max_size = -5;
  EXPECT_EQ(ComplaintOf(update, &field), "batch_max_size is -5, expected 1 to 1024");
  EXPECT_EQ(field, "batch_max_size");
  update = {};
  update.max_workers = 1025;
  EXPECT_THAT(ComplaintOf(update, &field), HasSubstr("1025"));
  EXPECT_EQ(field, "max_workers");
  update = {};
  update.slo_target = 1;
  EXPECT_EQ(ComplaintOf(update, &field), "slo_target is 100%, expected 95% to 99.999%");
  EXPECT_EQ(field, "slo_target");
  update = {};
  update.criticality = "urgent";
  EXPECT_THAT(ComplaintOf(update, &field), HasSubstr("'urgent'"));
  EXPECT_EQ(field, "criticality");
  EXPECT_THAT(ComplaintOf(WithFallback({"zero", "", "", 0s, 0, ""}), &field), HasSubstr("'zero'"));
  EXPECT_EQ(field, "fallback.kind");
}

TEST(UpdatedTest, AConstantIsAJsonObject) {
  for (const char* constant : {"[1]", "1", "{", "{\"a\":1} x", "{\"a\":1,\"a\":2}", "\"{}\""}) {
    std::string field;
    EXPECT_THAT(ComplaintOf(WithConstant(constant), &field),
                HasSubstr("fallback.constant is no JSON object: "))
        << constant;
    EXPECT_EQ(field, "fallback.constant");
  }
  EXPECT_EQ(ComplaintOf(WithConstant("{}")), "");
}

TEST(CheckFallbackModelTest, OnlyAnotherEndpointWithAModelWillDo) {
  const SomeEndpoints endpoints = MakeEndpoints();
  serve::EndpointPolicy policy;
  EXPECT_TRUE(CheckFallbackModel(policy, "tumour", endpoints.list));
  policy.fallback.kind = Kind::kModel;
  policy.fallback.model = "digits";
  EXPECT_TRUE(CheckFallbackModel(policy, "tumour", endpoints.list));
  EXPECT_TRUE(CheckFallbackModel(policy, "reverse", endpoints.list));
  for (const char* wrong : {"tumour", "reverse", "nobody", "_unknown_"}) {
    policy.fallback.model = wrong;
    const Status checked = CheckFallbackModel(policy, "tumour", endpoints.list);
    ASSERT_FALSE(checked) << wrong;
    EXPECT_EQ(checked.error().message, "fallback.model is '" + std::string(wrong) +
                                           "', expected another endpoint with a model: digits");
    EXPECT_EQ(checked.error().field, "fallback.model");
  }
}

TEST(DescribeTest, AMissSaysOnlyWhatHappened) {
  const SomeEndpoints endpoints = MakeEndpoints();
  serve::Miss miss;
  miss.request_id = 7;
  miss.endpoint = endpoints.list[1];
  miss.arrived_unix_ms = 1234;
  miss.budget = 50ms;
  miss.answer = serve::Answer::kRefused;
  miss.cause = serve::Cause::kNoTime;
  miss.predicted_wait = 0ms;
  miss.answered = 1ms;
  const control::MissState state = Describe(miss);
  EXPECT_EQ(state.request_id, 7U);
  EXPECT_EQ(state.endpoint, "tumour");
  EXPECT_EQ(state.arrived_unix_ms, 1234);
  EXPECT_EQ(state.budget, Duration(50ms));
  EXPECT_EQ(state.answer, "refused");
  EXPECT_EQ(state.cause, "no_time");
  EXPECT_EQ(state.criticality, "default");
  EXPECT_EQ(state.predicted_wait, Duration(0));
  EXPECT_EQ(state.answered, Duration(1ms));
  for (const auto& never : {state.most_wait, state.predicted_service, state.admitted, state.started,
                            state.finished, state.sent}) {
    EXPECT_FALSE(never);
  }
}

// Of "NAME:KEY=VALUE" texts.
EndpointChanges Changes(const std::vector<std::string>& texts) {
  EndpointChanges changes;
  for (const std::string& text : texts) {
    const std::size_t colon = text.find(':');
    control::EndpointChange& change = changes[text.substr(0, colon)];
    EXPECT_TRUE(control::AddSetting(text.substr(colon + 1), change)) << text;
    change.origin = "b.yaml:1:2";
  }
  return changes;
}

TEST(FollowedTest, WhatTheConfigurationChangesIsTakenAndTheRestStaysAsItWasSet) {
  serve::EndpointPolicy in_force;
  in_force.slo_target = 0.9;
  in_force.max_workers = 3;
  serve::EndpointPolicy after;
  after.max_workers = 2;
  EXPECT_EQ(Followed(in_force, {}, after).slo_target, 0.9);
  EXPECT_EQ(Followed(in_force, {}, after).max_workers, 2);
  after.slo_target = 0.999;
  EXPECT_EQ(Followed(in_force, {}, after).slo_target, 0.999);
}

TEST(CheckRangesTest, ValuesAreCheckedAgainstWhatAnEndpointStartsWith) {
  serve::EndpointPolicy base;
  base.max_budget = 100ms;
  EXPECT_TRUE(CheckRanges(Changes({"x:default_budget=100ms"}), base));
  const Status checked = CheckRanges(
      Changes({"x:default_budget=1s", "y:max_workers=2000", "z:fallback=constant"}), base);
  ASSERT_FALSE(checked);
  EXPECT_THAT(
      checked.error().message,
      AllOf(HasSubstr("b.yaml:1:2: endpoints.x: default_budget is 1s, expected 1ms to 100ms"),
            HasSubstr("b.yaml:1:2: endpoints.y: max_workers is 2000"),
            HasSubstr("b.yaml:1:2: endpoints.z: fallback: constant needs fallback_constant=JSON")));
}

class SetRoutePoliciesTest : public testing::Test {
 protected:
  SetRoutePoliciesTest() {
    Add("tumour", serve::Endpoint::Kind::kModel);
    Add("digits", serve::Endpoint::Kind::kModel);
    Add("reverse", serve::Endpoint::Kind::kRoute);
  }
  Status Set(const std::vector<std::string>& flags) {
    return SetRoutePolicies(Changes(flags), endpoints_, state_);
  }
  serve::EndpointPolicy PolicyOf(const std::string& name) {
    return state_.PolicyOf(endpoints_.Find(name)->index);
  }

 private:
  void Add(const std::string& name, serve::Endpoint::Kind kind) {
    ASSERT_TRUE(endpoints_.Add(name, kind));
  }
  static serve::EndpointPolicy Base() {
    serve::EndpointPolicy base;
    base.default_budget = 30ms;
    return base;
  }

  ManualClock clock_;
  metrics::Registry registry_;
  serve::Endpoints endpoints_{registry_};
  serve::Scheduler scheduler_{clock_, {}, 0};
  serve::Scheduler reserve_{clock_, {}, 0};
  ServingState state_{endpoints_, scheduler_, reserve_, Base()};
};

TEST_F(SetRoutePoliciesTest, RoutesGetTheirSettingsOverTheBaseAndModelsAreLeftAlone) {
  ASSERT_TRUE(Set({"reverse:max_workers=2", "tumour:max_workers=3"}));
  EXPECT_EQ(PolicyOf("reverse").max_workers, 2);
  EXPECT_EQ(PolicyOf("reverse").default_budget, Duration(30ms));
  EXPECT_EQ(PolicyOf("tumour").max_workers, 0);
}

TEST_F(SetRoutePoliciesTest, UnknownEndpointsAndModelsAreSaidAtOnceWithThoseThatAreThere) {
  const Status set = Set({"nobody:max_workers=2", "_unknown_:max_workers=2",
                          "reverse:fallback=model", "reverse:fallback_model=reverse"});
  ASSERT_FALSE(set);
  EXPECT_THAT(
      set.error().message,
      AllOf(HasSubstr(
                "b.yaml:1:2: endpoints.nobody: there is no such endpoint, expected one of digits, "
                "reverse, tumour"),
            HasSubstr("endpoints._unknown_: there is no such endpoint"),
            HasSubstr("endpoints.reverse: fallback.model is 'reverse', expected another endpoint "
                      "with a model: digits, tumour")));
}

TEST(PolicyWithTest, AnEndpointStartsWithTheBaseAndItsOwnSettings) {
  serve::EndpointPolicy base;
  base.default_budget = 30ms;
  const EndpointChanges changes =
      Changes({"x:max_workers=2", "x:fallback=model", "x:fallback_model=y"});
  const auto policy = PolicyWith(base, changes.at("x"));
  ASSERT_TRUE(policy) << policy.error().message;
  EXPECT_EQ(policy->max_workers, 2);
  EXPECT_EQ(policy->fallback.model, "y");
  EXPECT_EQ(policy->default_budget, Duration(30ms));
}

}  // namespace
}  // namespace baton::app
