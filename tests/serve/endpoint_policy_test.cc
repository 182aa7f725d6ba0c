// Names there and back, and each range at its edges.
#include "server/serve/endpoint_policy.h"

#include <functional>
#include <limits>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace baton::serve {
namespace {

using Kind = FallbackPolicy::Kind;
using Change = std::function<void(EndpointPolicy&)>;

EndpointPolicy With(const Change& change) {
  EndpointPolicy policy;
  change(policy);
  return policy;
}

EndpointPolicy WithFallback(Kind kind, const std::function<void(FallbackPolicy&)>& change) {
  EndpointPolicy policy;
  policy.fallback.kind = kind;
  change(policy.fallback);
  return policy;
}

void ExpectRefused(const EndpointPolicy& policy, const std::string& field,
                   const std::string& message) {
  const Status status = Validate(policy);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(status.error().field, field);
  EXPECT_EQ(status.error().message, message);
}

TEST(CriticalityTest, EveryNameIsReadBack) {
  for (const Criticality criticality : kAllCriticalities) {
    EXPECT_EQ(ParseCriticality(ToText(criticality)), criticality);
    EXPECT_EQ(ReadCriticality(ToText(criticality)).value(), criticality);
  }
  EXPECT_EQ(ToText(Criticality::kSheddable), "sheddable");
}

TEST(CriticalityTest, OtherNamesAreRefusedWithWhatIsAllowed) {
  for (const char* const text : {"", "Critical", "critical ", "none"}) {
    EXPECT_EQ(ParseCriticality(text), std::nullopt);
  }
  const Result<Criticality> read = ReadCriticality("urgent");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().field, "criticality");
  EXPECT_EQ(read.error().message,
            "criticality is 'urgent', expected critical, default or sheddable");
}

TEST(FallbackKindTest, EveryNameIsReadBackAndOthersAreRefused) {
  for (const Kind kind : {Kind::kNone, Kind::kConstant, Kind::kLastGood, Kind::kModel}) {
    EXPECT_EQ(ReadFallbackKind(ToText(kind)).value(), kind);
  }
  const Result<Kind> read = ReadFallbackKind("zero");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().field, "fallback.kind");
  EXPECT_EQ(read.error().message,
            "fallback.kind is 'zero', expected none, constant, last_good or model");
}

TEST(EndpointPolicyTest, TheDefaultsAreValid) { EXPECT_TRUE(Validate(EndpointPolicy())); }

TEST(EndpointPolicyTest, EveryEdgeIsValid) {
  const Change changes[] = {
      [](EndpointPolicy& p) { p.default_budget = p.max_budget = 1ms; },
      [](EndpointPolicy& p) { p.default_budget = p.max_budget = 1h; },
      [](EndpointPolicy& p) { p.slo_target = 0.95; },
      [](EndpointPolicy& p) { p.slo_target = 0.99999; },
      [](EndpointPolicy& p) { p.max_workers = p.min_workers = 1024; },
      [](EndpointPolicy& p) { p.min_workers = 1024; },
      [](EndpointPolicy& p) { p.batch = {.max_size = 1024, .max_delay = 1s}; },
  };
  for (const Change& change : changes) EXPECT_TRUE(Validate(With(change)));
}

TEST(EndpointPolicyTest, BudgetsOutOfRangeAreRefused) {
  ExpectRefused(With([](EndpointPolicy& p) { p.max_budget = 2h; }), "max_budget",
                "max_budget is 7200s, expected 1ms to 3600s");
  ExpectRefused(With([](EndpointPolicy& p) { p.max_budget = 999us; }), "max_budget",
                "max_budget is 999us, expected 1ms to 3600s");
  ExpectRefused(With([](EndpointPolicy& p) { p.default_budget = 0ms; }), "default_budget",
                "default_budget is 0us, expected 1ms to 10s (the maximum)");
  ExpectRefused(With([](EndpointPolicy& p) { p.default_budget = 11s; }), "default_budget",
                "default_budget is 11s, expected 1ms to 10s (the maximum)");
}

TEST(EndpointPolicyTest, TargetsOutOfRangeAreRefused) {
  ExpectRefused(With([](EndpointPolicy& p) { p.slo_target = 0.949; }), "slo_target",
                "slo_target is 94.9%, expected 95% to 99.999%");
  ExpectRefused(With([](EndpointPolicy& p) { p.slo_target = 1; }), "slo_target",
                "slo_target is 100%, expected 95% to 99.999%");
  ExpectRefused(
      With([](EndpointPolicy& p) { p.slo_target = std::numeric_limits<double>::quiet_NaN(); }),
      "slo_target", "slo_target is nan%, expected 95% to 99.999%");
}

TEST(EndpointPolicyTest, WorkersOutOfRangeAreRefused) {
  ExpectRefused(With([](EndpointPolicy& p) { p.max_workers = -1; }), "max_workers",
                "max_workers is -1, expected 0 to 1024");
  ExpectRefused(With([](EndpointPolicy& p) { p.min_workers = 1025; }), "min_workers",
                "min_workers is 1025, expected 0 to 1024");
  ExpectRefused(With([](EndpointPolicy& p) {
                  p.max_workers = 2;
                  p.min_workers = 3;
                }),
                "min_workers", "min_workers is 3, expected 0 to 2 (max_workers)");
}

TEST(EndpointPolicyTest, BatchesOutOfRangeAreRefused) {
  ExpectRefused(With([](EndpointPolicy& p) { p.batch.max_size = 0; }), "batch_max_size",
                "batch_max_size is 0, expected 1 to 1024");
  ExpectRefused(With([](EndpointPolicy& p) { p.batch.max_size = 1025; }), "batch_max_size",
                "batch_max_size is 1025, expected 1 to 1024");
  ExpectRefused(With([](EndpointPolicy& p) { p.batch.max_delay = 1001ms; }), "batch_max_delay",
                "batch_max_delay is 1.001s, expected 0us to 1s");
  ExpectRefused(With([](EndpointPolicy& p) { p.batch.max_delay = -1ms; }), "batch_max_delay",
                "batch_max_delay is -1ms, expected 0us to 1s");
}

TEST(EndpointPolicyTest, AConstantMustBeThereAndNotTooLarge) {
  const auto constant = [](std::size_t bytes) {
    return WithFallback(Kind::kConstant,
                        [&](FallbackPolicy& f) { f.constant = std::string(bytes, ' '); });
  };
  EXPECT_TRUE(Validate(constant(65536)));
  ExpectRefused(constant(0), "fallback.constant",
                "fallback.constant is 0 bytes, expected a JSON object of at most 65536 bytes");
  ExpectRefused(constant(65537), "fallback.constant",
                "fallback.constant is 65537 bytes, expected a JSON object of at most 65536 bytes");
}

TEST(EndpointPolicyTest, AKeyHeaderMustBeAHeadersName) {
  for (const char* const name : {"", "Baton Key", "Baton:Key", "Bat\xc3\xb6n"}) {
    ExpectRefused(WithFallback(Kind::kLastGood, [&](FallbackPolicy& f) { f.key_header = name; }),
                  "fallback.key_header",
                  "fallback.key_header is '" + std::string(name) +
                      "', expected the name of a header, at most 128 characters");
  }
}

TEST(EndpointPolicyTest, AgeAndBytesOfTheLastGoodOutOfRangeAreRefused) {
  const auto last_good = [](Duration age, std::size_t bytes) {
    return WithFallback(Kind::kLastGood, [&](FallbackPolicy& f) {
      f.max_age = age;
      f.max_bytes = bytes;
    });
  };
  EXPECT_TRUE(Validate(last_good(1ms, 1024)));
  EXPECT_TRUE(Validate(last_good(24h, 1 << 30)));
  ExpectRefused(last_good(0ms, 1024), "fallback.max_age",
                "fallback.max_age is 0us, expected 1ms to 86400s");
  ExpectRefused(last_good(25h, 1024), "fallback.max_age",
                "fallback.max_age is 90000s, expected 1ms to 86400s");
  ExpectRefused(last_good(1s, 1023), "fallback.max_bytes",
                "fallback.max_bytes is 1023, expected 1024 to 1073741824 bytes");
}

TEST(EndpointPolicyTest, AFallbackModelMustBeNamed) {
  EXPECT_TRUE(Validate(WithFallback(Kind::kModel, [](FallbackPolicy& f) { f.model = "digits"; })));
  ExpectRefused(WithFallback(Kind::kModel, [](FallbackPolicy&) {}), "fallback.model",
                "fallback.model is empty, expected the name of a model's endpoint");
}

TEST(EndpointPolicyTest, WhatTheKindOfFallbackDoesNotUseIsNotLookedAt) {
  EXPECT_TRUE(Validate(WithFallback(Kind::kNone, [](FallbackPolicy& f) {
    f.key_header = "";
    f.max_age = 0ms;
    f.constant = std::string(1 << 20, 'x');
  })));
}

}  // namespace
}  // namespace baton::serve
