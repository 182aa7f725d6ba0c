// What a listener exports of its connections.
#include "server/http/listener_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace baton::http {
namespace {

using testing::HasSubstr;

TEST(ListenerMetricsTest, ConnectionsAreExportedByStateAsTheSumOfAllLoops) {
  metrics::Registry registry;
  ListenerShard first;
  ListenerShard second;
  AddConnectionGauges(registry, "http", {&first, &second});
  first.states[static_cast<std::size_t>(ConnectionState::kIdle)] = 3;
  second.states[static_cast<std::size_t>(ConnectionState::kIdle)] = 4;
  second.Move(ConnectionState::kIdle, ConnectionState::kPending);
  const std::string exposed = registry.Expose();
  EXPECT_THAT(exposed, HasSubstr("baton_connections{listener=\"http\",state=\"idle\"} 6\n"));
  EXPECT_THAT(exposed, HasSubstr("baton_connections{listener=\"http\",state=\"pending\"} 1\n"));
  EXPECT_THAT(exposed, HasSubstr("baton_connections{listener=\"http\",state=\"reading\"} 0\n"));
  EXPECT_THAT(exposed, HasSubstr("baton_connections{listener=\"http\",state=\"writing\"} 0\n"));
}

TEST(ListenerMetricsTest, WhatAllLoopsHoldIsExportedWithTheLimitOfAll) {
  metrics::Registry registry;
  ListenerShard first;
  ListenerShard second;
  AddHeldGauges(registry, "http", {&first, &second}, 1000);
  first.Hold(0, 30);
  first.Hold(30, 10);
  second.Hold(0, 5);
  const std::string exposed = registry.Expose();
  EXPECT_THAT(exposed, HasSubstr("baton_http_held_bytes{listener=\"http\"} 15\n"));
  EXPECT_THAT(exposed, HasSubstr("baton_http_held_bytes_limit{listener=\"http\"} 2000\n"));
}

TEST(ListenerMetricsTest, OnlyReasonsOfTheParserAreCountedAsItsErrors) {
  metrics::Registry registry;
  const ListenerMetrics metrics =
      ListenerMetrics::Make(registry, "http", MakeParseErrorCounters(registry));
  ListenerShard books;
  books.children = &metrics;
  books.shard = registry.TakeShard();
  books.CountParseError("bad_chunk");
  books.CountParseError("header_timeout");
  double all = 0;
  for (const auto& [reason, counter] : metrics.parse_errors) all += registry.Value(counter);
  EXPECT_EQ(registry.Value(metrics.parse_errors.at("bad_chunk")), 1);
  EXPECT_EQ(all, 1);
}

}  // namespace
}  // namespace baton::http
