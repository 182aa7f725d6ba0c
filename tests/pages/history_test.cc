// What a new watcher is told of the minutes before.
#include "server/pages/history.h"

#include <string>

#include <gmock/gmock.h>

namespace baton::pages {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

control::StatusSample Sample(std::uint64_t number, std::vector<std::uint64_t> budget_used = {}) {
  control::StatusSample sample;
  sample.number = number;
  sample.budget_used = std::move(budget_used);
  return sample;
}

std::string Told(const History& history, std::uint64_t after) {
  std::string text;
  history.Append(text, after);
  return text;
}

std::string Numbered(std::uint64_t number) { return "\"number\":" + std::to_string(number) + ","; }

TEST(HistoryTest, WhoComesAgainIsToldWhatItMissed) {
  History history;
  for (std::uint64_t i = 1; i <= 5; ++i) history.Add(Sample(i));
  EXPECT_THAT(Told(history, 3),
              AllOf(StartsWith("{\"is_whole\":false,"), Not(HasSubstr(Numbered(3))),
                    HasSubstr(Numbered(4)), HasSubstr(Numbered(5))));
}

TEST(HistoryTest, WhoIsNewOrOfAnotherRunIsToldAll) {
  History history;
  for (std::uint64_t i = 1; i <= 5; ++i) history.Add(Sample(i));
  for (const std::uint64_t after : {std::uint64_t{0}, std::uint64_t{6}}) {
    EXPECT_THAT(Told(history, after), AllOf(StartsWith("{\"is_whole\":true,"),
                                            HasSubstr(Numbered(1)), HasSubstr(Numbered(5))));
  }
}

TEST(HistoryTest, OnlyTheLastMinutesAreKept) {
  History history;
  for (std::uint64_t i = 1; i <= History::kMostPoints + 2; ++i) history.Add(Sample(i));
  EXPECT_THAT(Told(history, 0), AllOf(Not(HasSubstr(Numbered(2))), HasSubstr(Numbered(3))));
}

TEST(HistoryTest, SharesOfTheBudgetAreThoseOfTheirSecond) {
  History history;
  history.Add(Sample(1, {100, 1}));
  history.Add(Sample(2, {107, 1}));
  EXPECT_THAT(Told(history, 1), HasSubstr("\"budget_used\":[7,0]"));
}

}  // namespace
}  // namespace baton::pages
