// The closed sets of answers, causes and stages, and their names in headers and metrics.
#include "server/serve/answer.h"

#include <set>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/serve/endpoint.h"

namespace baton::serve {
namespace {

using testing::UnorderedElementsAre;

template <typename Values>
std::set<std::string_view> Names(const Values& values) {
  std::set<std::string_view> names;
  for (const auto value : values) names.insert(ToText(value));
  return names;
}

TEST(AnswerTest, TheSetIsClosedAndNamed) {
  EXPECT_THAT(Names(kAllAnswers), UnorderedElementsAre("prediction", "fallback", "refused",
                                                       "timeout", "error", "invalid", "none"));
}

TEST(CauseTest, TheSetIsClosedAndNamed) {
  EXPECT_THAT(Names(kAllCauses),
              UnorderedElementsAre("", "queue_full", "no_time", "budget_too_small", "pending_full",
                                   "expired_in_queue", "expired_running", "backend_error",
                                   "model_unavailable", "draining"));
}

TEST(StageTest, TheSetIsClosedAndNamed) {
  EXPECT_THAT(Names(kAllStages), UnorderedElementsAre("read", "queue", "batch", "run", "write"));
}

TEST(AnswerTest, WhatIsNoPredictionAndNotTheClientsDoingIsAMiss) {
  std::set<std::string_view> misses;
  for (const Answer answer : kAllAnswers) {
    if (IsMiss(answer)) misses.insert(ToText(answer));
  }
  EXPECT_THAT(misses, UnorderedElementsAre("fallback", "refused", "timeout", "error"));
}

TEST(EndpointMetricsTest, EveryAnswerAndEveryCauseHasItsOwnCounter) {
  metrics::Registry registry;
  const EndpointMetrics made = EndpointMetrics::Make(registry, "tumour");
  metrics::Shard* const shard = registry.TakeShard();
  for (const metrics::Counter counter : made.requests) shard->Add(counter);
  for (const metrics::Counter counter : made.misses) shard->Add(counter);
  for (const metrics::Counter counter : made.requests) EXPECT_EQ(registry.Value(counter), 1);
  for (const Cause cause : kAllCauses) {
    const metrics::Counter counter = made.misses[static_cast<std::size_t>(cause)];
    EXPECT_EQ(counter.cell == 0, cause == Cause::kNone);
    if (cause != Cause::kNone) {
      EXPECT_EQ(registry.Value(counter), 1);
    }
  }
}

}  // namespace
}  // namespace baton::serve
