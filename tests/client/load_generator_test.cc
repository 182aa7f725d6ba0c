// The load generator against a scripted server: every intended request ends in one way and is
// counted.
#include "client/lib/load_generator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/lib/schedule.h"
#include "tests/client/scripted_server.h"

namespace baton::client {
namespace {

using testing::ElementsAre;
using testing::Pair;

const std::string kPrediction = HttpText(200, {"Baton-Answer: prediction"}, "{}");

LoadOptions OptionsFor(const std::string& address) {
  LoadOptions options;
  options.server = ServerAddress::Resolve(address).value().candidates().front();
  options.host = address;
  options.request.path = "/reverse";
  options.request.body = "{}";
  options.connections = 4;
  options.duration = 200ms;
  options.grace = 20s;
  return options;
}

std::vector<Duration> Fixed(double rate, Duration span) {
  ScheduleOptions options;
  options.rate = rate;
  options.span = span;
  return MakeSchedule(options);
}

LoadReport Offer(const LoadOptions& options, std::vector<Duration> schedule) {
  return LoadGenerator(options, std::move(schedule)).Run({}).value();
}

std::uint64_t SumOfEnds(const LoadReport& report) {
  std::uint64_t sum = 0;
  for (const End end : kAllEnds) sum += report.ended(end);
  return sum;
}

TEST(LoadGeneratorTest, SendsEveryIntendedRequestOnce) {
  ScriptedServer server([](std::size_t, const std::string&) { return Reply{kPrediction}; });
  const LoadReport report = Offer(OptionsFor(server.address()), Fixed(500, 200ms));
  EXPECT_EQ(report.requests(), 100U);
  EXPECT_EQ(report.ended(End::kAnswered), 100U);
  EXPECT_EQ(server.requests(), 100U);
  EXPECT_EQ(report.measured(), 200ms);
  EXPECT_DOUBLE_EQ(report.PerSecond(report.requests()), 500.0);
  EXPECT_FALSE(report.was_interrupted());
}

TEST(LoadGeneratorTest, TellsAnswersOfEveryKindAndWaysToLoseOneApart) {
  const std::vector<Reply> replies = {
      {kPrediction},
      {HttpText(503, {"Baton-Answer: refused", "Baton-Cause: no_time"}, "{\"error\":\"x\"}")},
      {HttpText(504, {"Baton-Answer: timeout", "Baton-Cause: expired_in_queue"}, "{}")},
      {HttpText(200, {"Baton-Answer: fallback", "Baton-Cause: queue_full"}, "{}")},
      {HttpText(404, {}, "")},
      {"", Reply::Then::kReset},
      {"HTTP/1.1 200 OK\r\nConte", Reply::Then::kClose},
      {"what?\r\n\r\n", Reply::Then::kClose},
      {HttpText(200, {"Connection: close"}, "bye"), Reply::Then::kClose},
      {kPrediction},
  };
  ScriptedServer server(
      [&](std::size_t index, const std::string&) { return replies[index % replies.size()]; });
  const LoadReport report = Offer(OptionsFor(server.address()), Fixed(500, 200ms));
  EXPECT_EQ(report.requests(), 100U);
  EXPECT_THAT(report.answers(),
              ElementsAre(Pair("fallback", 10), Pair("http_404", 10), Pair("ok", 10),
                          Pair("prediction", 20), Pair("refused", 10), Pair("timeout", 10)));
  EXPECT_THAT(report.causes(), ElementsAre(Pair("expired_in_queue", 10), Pair("no_time", 10),
                                           Pair("queue_full", 10)));
  EXPECT_EQ(report.ended(End::kReset), 10U);
  EXPECT_EQ(report.ended(End::kEof), 10U);
  EXPECT_EQ(report.ended(End::kMalformed), 10U);
  EXPECT_EQ(report.good(), 30U);
  EXPECT_EQ(report.refusal_latency().count(), 10U);
  EXPECT_EQ(SumOfEnds(report), report.requests());
}

TEST(LoadGeneratorTest, WarmUpIsOfferedAndNotCounted) {
  ScriptedServer server([](std::size_t, const std::string&) { return Reply{kPrediction}; });
  LoadOptions options = OptionsFor(server.address());
  options.warmup = 100ms;
  options.duration = 100ms;
  const LoadReport report = Offer(options, Fixed(500, 200ms));
  EXPECT_EQ(server.requests(), 100U);
  EXPECT_EQ(report.requests(), 50U);
  EXPECT_EQ(report.measured(), 100ms);
}

// The first answer takes until long after all ten were due: nine wait in the client.
TEST(LoadGeneratorTest, LatencyCountsFromTheIntendedInstantWhenConnectionsAreBusy) {
  ScriptedServer server([](std::size_t index, const std::string&) {
    if (index == 0) std::this_thread::sleep_for(300ms);
    return Reply{kPrediction};
  });
  LoadOptions options = OptionsFor(server.address());
  options.connections = 1;
  options.duration = 100ms;
  options.budget = 50ms;
  const LoadReport report = Offer(options, Fixed(100, 100ms));
  EXPECT_EQ(report.ended(End::kAnswered), 10U);
  EXPECT_EQ(report.late(), 10U);
  EXPECT_EQ(report.generator().waited_for_connection, 9U);
  EXPECT_TRUE(report.generator().WasLimit(report.requests()));
  // The last was intended 90 ms after the first, and none was answered before the first.
  EXPECT_GE(report.latency().Quantile(0.01), 210ms);
  EXPECT_GE(report.generator().longest_wait, 210ms);
}

TEST(LoadGeneratorTest, WhatIsOutstandingAfterTheGraceIsUnansweredOrUnsent) {
  ScriptedServer server([](std::size_t index, const std::string&) {
    return index < 5 ? Reply{kPrediction} : Reply{};
  });
  LoadOptions options = OptionsFor(server.address());
  options.grace = 500ms;
  const LoadReport report = Offer(options, Fixed(500, 200ms));
  EXPECT_EQ(report.requests(), 100U);
  EXPECT_EQ(report.ended(End::kAnswered), 5U);
  EXPECT_EQ(report.ended(End::kUnanswered), 4U);  // one on each connection
  EXPECT_EQ(report.ended(End::kUnsent), 91U);
}

TEST(LoadGeneratorTest, LatenessIsHeldAgainstTheGrantedBudgetWhenNoneIsGiven) {
  ScriptedServer server([](std::size_t index, const std::string&) {
    const std::string budget = index % 2 == 0 ? "0" : "100000";
    return Reply{HttpText(200, {"Baton-Answer: prediction", "Baton-Budget-Ms: " + budget}, "{}")};
  });
  const LoadReport report = Offer(OptionsFor(server.address()), Fixed(500, 200ms));
  EXPECT_EQ(report.late(), 50U);
  EXPECT_EQ(report.good(), 50U);
}

TEST(LoadGeneratorTest, ClosedLoopSendsTheNextWhenItHasItsAnswer) {
  std::atomic<int> in_server{0};
  std::atomic<int> most{0};
  ScriptedServer server([&](std::size_t, const std::string&) {
    const int now = ++in_server;
    int seen = most.load();
    while (now > seen && !most.compare_exchange_weak(seen, now)) {
    }
    --in_server;
    return Reply{kPrediction};
  });
  LoadOptions options = OptionsFor(server.address());
  options.is_closed = true;
  const LoadReport report = Offer(options, {});
  EXPECT_GT(report.requests(), 4U);
  EXPECT_EQ(report.requests(), server.requests());
  EXPECT_EQ(report.ended(End::kAnswered), report.requests());
  EXPECT_LE(most.load(), 4);
  EXPECT_EQ(report.generator().lag.count(), 0U);
}

// A server that speaks only when it has four requests, and then answers all of them at once.
TEST(LoadGeneratorTest, AClosedLoopKeepsAsManyRequestsUnderWayAsItIsTold) {
  const std::string four = kPrediction + kPrediction + kPrediction + kPrediction;
  ScriptedServer server([&](std::size_t index, const std::string&) {
    return index % 4 == 3 ? Reply{four} : Reply{};
  });
  LoadOptions options = OptionsFor(server.address());
  options.is_closed = true;
  options.connections = 1;
  options.pipeline = 4;
  const LoadReport report = Offer(options, {});
  EXPECT_GT(report.requests(), 4U);
  EXPECT_EQ(report.requests() % 4, 0U);
  EXPECT_EQ(report.ended(End::kAnswered), report.requests());
  EXPECT_EQ(server.requests(), report.requests());
}

TEST(LoadGeneratorTest, WhatIsUnderWayBehindTheLastAnswerOfAConnectionIsLost) {
  const std::string last = HttpText(200, {"Connection: close"}, "bye");
  ScriptedServer server([&](std::size_t, const std::string&) {
    return Reply{last, Reply::Then::kClose};
  });
  LoadOptions options = OptionsFor(server.address());
  options.is_closed = true;
  options.connections = 1;
  options.pipeline = 3;
  options.duration = 20ms;
  const LoadReport report = Offer(options, {});
  EXPECT_GT(report.ended(End::kAnswered), 0U);
  EXPECT_EQ(report.requests() % 3, 0U);
  EXPECT_GE(report.ended(End::kEof) + report.ended(End::kReset), 2 * report.ended(End::kAnswered));
  EXPECT_EQ(SumOfEnds(report), report.requests());
}

// Large enough that a send takes only a part of what is under way.
TEST(LoadGeneratorTest, RequestsUnderWayAreSentInPartsAndArriveWhole) {
  const std::string body(700'001, 'x');
  std::atomic<std::size_t> broken{0};
  ScriptedServer server([&](std::size_t, const std::string& request) {
    if (!request.starts_with("POST /reverse ") || !request.ends_with("\r\n\r\n" + body)) ++broken;
    return Reply{kPrediction};
  });
  LoadOptions options = OptionsFor(server.address());
  options.request.body = body;
  options.is_closed = true;
  options.connections = 2;
  options.pipeline = 5;
  const LoadReport report = Offer(options, {});
  EXPECT_GE(report.ended(End::kAnswered), 10U);
  EXPECT_EQ(report.ended(End::kAnswered), report.requests());
  EXPECT_EQ(broken.load(), 0U);
}

TEST(LoadGeneratorTest, AConnectionForEachRequestIsMadeAndClosed) {
  std::atomic<std::size_t> saying_so{0};
  ScriptedServer server([&](std::size_t, const std::string& request) {
    if (request.find("\r\nConnection: close\r\n") != std::string::npos) ++saying_so;
    return Reply{kPrediction};
  });
  LoadOptions options = OptionsFor(server.address());
  options.is_closed = true;
  options.is_one_shot = true;
  options.duration = 20ms;
  const LoadReport report = Offer(options, {});
  EXPECT_GT(report.requests(), 0U);
  EXPECT_EQ(report.ended(End::kAnswered), report.requests());
  // The first of each connection began before the start, with its connecting.
  EXPECT_EQ(server.requests(), report.requests() + options.connections);
  EXPECT_EQ(saying_so.load(), server.requests());
  EXPECT_GE(server.accepted(), server.requests());
}

TEST(LoadGeneratorTest, LargeBodiesAndAnswersGoThroughInParts) {
  const std::string big = HttpText(200, {"Baton-Answer: prediction"}, std::string(3 << 20, 'y'));
  std::atomic<std::size_t> shortest{SIZE_MAX};
  ScriptedServer server([&](std::size_t, const std::string& request) {
    if (request.size() < shortest.load()) shortest.store(request.size());
    return Reply{big};
  });
  LoadOptions options = OptionsFor(server.address());
  options.request.body.assign(3 << 20, 'x');
  const LoadReport report = Offer(options, Fixed(50, 200ms));
  EXPECT_EQ(report.ended(End::kAnswered), 10U);
  EXPECT_GT(shortest.load(), std::size_t{3} << 20);
}

TEST(LoadGeneratorTest, AServerThatGoesAwayCostsRequestsAndDoesNotHangTheLoad) {
  auto server = std::make_unique<ScriptedServer>(
      [](std::size_t, const std::string&) { return Reply{kPrediction}; });
  LoadOptions options = OptionsFor(server->address());
  options.duration = 3s;
  LoadGenerator generator(options, Fixed(100, 3s));
  const LoadReport report = generator.Run([&](const LoadProgress&) { server.reset(); }).value();
  EXPECT_EQ(report.requests(), 300U);
  EXPECT_GT(report.ended(End::kAnswered), 0U);
  EXPECT_GT(report.ended(End::kConnect), 0U);
  EXPECT_EQ(SumOfEnds(report), report.requests());
}

TEST(LoadGeneratorTest, StopEndsTheOfferingEarlyAndStillReports) {
  LoadGenerator* running = nullptr;
  ScriptedServer server([&](std::size_t index, const std::string&) {
    if (index == 20) running->Stop();
    return Reply{kPrediction};
  });
  LoadOptions options = OptionsFor(server.address());
  options.duration = 10min;
  LoadGenerator generator(options, Fixed(500, 10min));
  running = &generator;
  const LoadReport report = generator.Run({}).value();
  EXPECT_TRUE(report.was_interrupted());
  EXPECT_GE(report.requests(), 20U);
  EXPECT_LT(report.measured(), 5min);
  EXPECT_EQ(report.ended(End::kAnswered), report.requests());
}

TEST(LoadGeneratorTest, ReportsItsProgress) {
  ScriptedServer server([](std::size_t, const std::string&) { return Reply{kPrediction}; });
  LoadOptions options = OptionsFor(server.address());
  options.duration = 1200ms;
  std::vector<LoadProgress> seen;
  LoadGenerator generator(options, Fixed(100, 1200ms));
  const auto report =
      generator.Run([&](const LoadProgress& progress) { seen.push_back(progress); });
  ASSERT_TRUE(report);
  ASSERT_FALSE(seen.empty());
  EXPECT_GE(seen.front().elapsed, 1s);
  EXPECT_GE(seen.front().sent, 100U);
  EXPECT_EQ(seen.front().ended + seen.front().in_flight, seen.front().sent);
}

TEST(LoadGeneratorTest, NoServerAtTheStartIsAnError) {
  const LoadOptions options = OptionsFor("127.0.0.1:" + std::to_string(UnusedPort()));
  LoadGenerator generator(options, Fixed(10, 200ms));
  const auto report = generator.Run({});
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ErrorCode::kUnavailable);
}

TEST(LoadGeneratorTest, OptionsOutOfRangeAreRefusedByName) {
  const auto field_of = [](auto change) {
    LoadOptions options;
    change(options);
    const Status status = options.Validate();
    return status ? std::string("accepted") : status.error().field;
  };
  EXPECT_EQ(field_of([](LoadOptions&) {}), "accepted");
  EXPECT_EQ(field_of([](LoadOptions& options) { options.connections = 0; }), "connections");
  EXPECT_EQ(field_of([](LoadOptions& options) { options.connections = 50'001; }), "connections");
  EXPECT_EQ(field_of([](LoadOptions& options) { options.pipeline = 0; }), "pipeline");
  EXPECT_EQ(field_of([](LoadOptions& options) { options.pipeline = 2; }), "pipeline");
  EXPECT_EQ(field_of([](LoadOptions& options) {
              options.is_closed = true;
              options.pipeline = 257;
            }),
            "pipeline");
  EXPECT_EQ(field_of([](LoadOptions& options) {
              options.is_closed = true;
              options.pipeline = 16;
              options.request.body.resize((4U << 20U) + 1);
            }),
            "pipeline");
  EXPECT_EQ(field_of([](LoadOptions& options) { options.is_one_shot = true; }), "new-connections");
  EXPECT_EQ(field_of([](LoadOptions& options) { options.duration = 0s; }), "duration");
  EXPECT_EQ(field_of([](LoadOptions& options) { options.duration = 601s; }), "duration");
  EXPECT_EQ(field_of([](LoadOptions& options) { options.warmup = -1s; }), "warmup");
  EXPECT_EQ(field_of([](LoadOptions& options) { options.grace = 601s; }), "grace");
  EXPECT_EQ(field_of([](LoadOptions& options) { options.request.path = "x"; }), "path");
}

}  // namespace
}  // namespace baton::client
