// What two configurations say otherwise, and what can be taken of one while a server runs by the
// other.
#include "server/config/differences.h"

#include <map>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/config/file_layer.h"
#include "server/config/text.h"

namespace baton::config {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Configuration Whole(const std::string& text) {
  const auto read = ReadText(text, "b.yaml");
  EXPECT_TRUE(read) << (read ? "" : read.error().message);
  Configuration whole = Defaults();
  if (read) Overlay(*read, whole);
  return whole;
}

// "workers: 2 -> 3 (b.yaml:1:10)".
std::vector<std::string> Shown(const std::string& before, const std::string& after) {
  std::vector<std::string> lines;
  for (const Difference& one : Differences(Whole(before), Whole(after))) {
    lines.push_back(one.key + ": " + one.before + " -> " + one.after + " (" + one.origin + ")" +
                    (one.needs_restart ? " restart" : ""));
  }
  return lines;
}

TEST(DifferencesTest, WhatSaysTheSameDoesNotDiffer) {
  EXPECT_THAT(Shown("workers: 3\nendpoints: {m: {max_workers: 2}}\n",
                    "# moved\nendpoints: {m: {max_workers: 2}}\n\nworkers: 3\n"),
              IsEmpty());
}

TEST(DifferencesTest, EachValueThatDiffersIsToldWithItsOrigin) {
  EXPECT_THAT(
      Shown("workers: 2\n", "workers: 3\nbacklog: 7\nlog: {level: debug}\n"),
      ElementsAre("workers: 2 -> 3 (b.yaml:1:10)", "backlog: 4096 -> 7 (b.yaml:2:10) restart",
                  "log.level: info -> debug (b.yaml:3:14)"));
}

TEST(DifferencesTest, WhatComesAndGoesDiffersFromNothing) {
  EXPECT_THAT(
      Shown("workers: 2\nendpoints: {a: {max_workers: 1}, b: {batch: {max_size: 2}}}\n",
            "endpoints: {b: {batch: {max_delay: 1ms}}}\nstatic_files: {/s: /srv}\n"),
      ElementsAre("endpoints.b.batch.max_delay:  -> 1ms (b.yaml:1:36)",
                  "static_files./s:  -> /srv (b.yaml:2:20) restart", "workers: 2 ->  ()",
                  "endpoints.a.max_workers: 1 ->  ()", "endpoints.b.batch.max_size: 2 ->  ()"));
}

TEST(DifferencesTest, AValueThatSaysTheDefaultIsTheDefault) {
  EXPECT_THAT(Shown("", "backlog: 4096\nbudgets: {max: 10s}\n"), IsEmpty());
}

TEST(WithoutRestartsTest, WhatNeedsARestartStaysAndTheRestIsTaken) {
  const Configuration in_force = Whole("workers: 2\nbacklog: 7\nstatic_files: {/a: /srv/a}\n");
  const Configuration taken = WithoutRestarts(
      in_force, Whole("workers: 3\nstatic_files: {/b: /srv/b}\nuser: www\n"
                      "limits: {idle_time: 3s, body_bytes: 1KiB}\nmax_connections: 9\n"));
  EXPECT_EQ(taken.values.workers(), 3u);
  EXPECT_EQ(taken.values.backlog(), 7u);
  EXPECT_EQ(taken.values.user(), "nobody");
  EXPECT_FALSE(taken.values.has_max_connections());
  EXPECT_EQ(taken.values.limits().idle_time(), "3s");
  EXPECT_EQ(taken.values.limits().body_bytes(), "8MiB");
  EXPECT_EQ(taken.values.static_files().size(), 1u);
  EXPECT_EQ(taken.values.static_files().at("/a"), "/srv/a");
}

TEST(WithoutRestartsTest, ASectionOfWhichNothingIsTakenIsNotMade) {
  const Configuration in_force = Whole("");
  const Configuration taken = WithoutRestarts(
      in_force, Whole("tls: {http: {certificate: /etc/tls.crt, key: /etc/tls.key}}\n"));
  EXPECT_FALSE(taken.values.has_tls());
  EXPECT_EQ(ToJson(taken, false), ToJson(in_force, false));
}

TEST(WithoutRestartsTest, OriginsGoWithTheirValues) {
  const Configuration taken =
      WithoutRestarts(Whole("backlog: 7\nstatic_files: {/a: /srv/a}\n"),
                      Whole("\n\nworkers: 3\nbacklog: 8\nstatic_files: {/b: /srv/b}\n"));
  EXPECT_EQ(taken.OriginOf("workers"), "b.yaml:3:10");
  EXPECT_EQ(taken.OriginOf("backlog"), "b.yaml:1:10");
  EXPECT_EQ(taken.OriginOf("static_files./a"), "b.yaml:2:20");
  EXPECT_EQ(taken.OriginOf("static_files./b"), "");
}

TEST(WithoutRestartsTest, ASecondLookTellsOnlyWhatStillWaits) {
  const Configuration in_force = Whole("workers: 2\nbacklog: 7\n");
  const Configuration wanted = Whole("workers: 3\nbacklog: 8\n");
  const Configuration taken = WithoutRestarts(in_force, wanted);
  const std::vector<Difference> left = Differences(taken, wanted);
  ASSERT_EQ(left.size(), 1u);
  EXPECT_EQ(left[0].key, "backlog");
  EXPECT_EQ(ToJson(WithoutRestarts(taken, in_force), false), ToJson(in_force, false));
}

TEST(ValuesOfTest, EveryValueIsThereInTheOrderOfTheSchema) {
  const Configuration whole = Whole("endpoints: {b: {max_workers: 1}, a: {max_workers: 2}}\n");
  std::vector<std::string> named;
  std::map<std::string, Value> all;
  for (const Value& value : ValuesOf(whole)) {
    all[value.key] = value;
    if (value.key.starts_with("endpoints.")) named.push_back(value.key);
  }
  EXPECT_THAT(named, ElementsAre("endpoints.a.max_workers", "endpoints.b.max_workers"));
  EXPECT_EQ(all.size(), whole.origins.size());
  EXPECT_EQ(all["listeners.http"].text, "0.0.0.0:8080");
  EXPECT_EQ(all["listeners.http"].origin, "default");
  EXPECT_TRUE(all["listeners.http"].needs_restart);
  EXPECT_FALSE(all["budgets.max"].needs_restart);
}

}  // namespace
}  // namespace baton::config
