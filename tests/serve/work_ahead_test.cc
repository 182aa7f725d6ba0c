// The sums of the work ahead, against a list that is added up.
#include "server/serve/work_ahead.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace baton::serve {
namespace {

constexpr SteadyTime kStart{1'000'000ms};

class WorkAheadTest : public testing::Test {
 protected:
  WorkAheadTest() { ahead_.Advance(kStart); }

  WorkAhead::Entry Add(Duration due, Duration work) { return ahead_.Add(kStart + due, work); }
  Duration Ahead(Duration due) const { return ahead_.Ahead(kStart + due); }

  WorkAhead ahead_;
};

TEST_F(WorkAheadTest, NothingIsAheadOfAnybodyAtFirst) {
  EXPECT_EQ(Ahead(0ms), 0ms);
  EXPECT_EQ(Ahead(1h), 0ms);
  EXPECT_EQ(ahead_.total(), 0ms);
}

TEST_F(WorkAheadTest, WorkIsAheadOfDueTimesFromItsOwnMillisecondOn) {
  Add(20ms, 5ms);
  EXPECT_EQ(Ahead(19'999us), 0ms);
  EXPECT_EQ(Ahead(20ms), 5ms);
  EXPECT_EQ(Ahead(1h), 5ms);
  EXPECT_EQ(ahead_.total(), 5ms);
}

TEST_F(WorkAheadTest, WorkOfTheSameMillisecondIsAheadEvenIfDueLaterInIt) {
  Add(20'900us, 5ms);
  EXPECT_EQ(Ahead(20'100us), 5ms);
}

TEST_F(WorkAheadTest, WhatIsRemovedIsNotAheadAnyMore) {
  const WorkAhead::Entry first = Add(20ms, 5ms);
  const WorkAhead::Entry late = Add(9s, 7ms);
  Add(30ms, 1ns);
  ahead_.Remove(first);
  ahead_.Remove(late);
  EXPECT_EQ(Ahead(1h), 1ns);
  EXPECT_EQ(ahead_.total(), 1ns);
}

TEST_F(WorkAheadTest, WorkWhoseTimeHasPassedIsAheadOfEverythingUntilRemoved) {
  const WorkAhead::Entry entry = Add(20ms, 5ms);
  ahead_.Advance(kStart + 21ms);
  EXPECT_EQ(Ahead(0ms), 5ms);
  EXPECT_EQ(Ahead(50ms), 5ms);
  ahead_.Remove(entry);
  EXPECT_EQ(ahead_.total(), 0ms);
}

TEST_F(WorkAheadTest, WorkAddedForThePastIsAheadOfEverything) {
  const WorkAhead::Entry entry = Add(-3s, 5ms);
  EXPECT_EQ(Ahead(-10s), 5ms);
  ahead_.Remove(entry);
  EXPECT_EQ(ahead_.total(), 0ms);
}

TEST_F(WorkAheadTest, WorkBeyondTheRingCountsForAllThoseBeyondIt) {
  Add(10s, 5ms);
  Add(12s, 7ms);
  EXPECT_EQ(Ahead(4095ms), 0ms);
  EXPECT_EQ(Ahead(4096ms), 12ms);
  EXPECT_EQ(Ahead(12s), 12ms);
}

TEST_F(WorkAheadTest, WorkComesIntoTheRingAsTimeGoesOn) {
  const WorkAhead::Entry entry = Add(10s, 5ms);
  ahead_.Advance(kStart + 8s);
  EXPECT_EQ(Ahead(9'999ms), 0ms);
  EXPECT_EQ(Ahead(10s), 5ms);
  ahead_.Remove(entry);
  EXPECT_EQ(ahead_.total(), 0ms);
}

TEST_F(WorkAheadTest, AJumpOverTheWholeRingLeavesNothingInIt) {
  for (const Duration due : {Duration(1ms), Duration(4095ms), Duration(5s), Duration(1min)}) {
    Add(due, 1ms);
  }
  ahead_.Advance(kStart + 10s);
  EXPECT_EQ(Ahead(0ms), 3ms);
  EXPECT_EQ(Ahead(14'095ms), 3ms);
  EXPECT_EQ(Ahead(14'096ms), 4ms);
}

TEST_F(WorkAheadTest, TimeDoesNotGoBack) {
  Add(20ms, 5ms);
  ahead_.Advance(kStart + 30ms);
  ahead_.Advance(kStart);
  EXPECT_EQ(Ahead(0ms), 5ms);
}

TEST_F(WorkAheadTest, AnEntryOfNoWorkMayBeRemoved) {
  ahead_.Remove(WorkAhead::Entry{});
  ahead_.Remove(Add(1h, 0ms));
  EXPECT_EQ(ahead_.total(), 0ms);
}

// The sums beside a list of all entries, under random additions, removals and jumps of the clock.
class CheckedWorkAhead {
 public:
  explicit CheckedWorkAhead(std::uint32_t seed) : random_(seed) { ahead_.Advance(now_); }

  void Step() {
    const auto choice = random_() % 16;
    if (choice < 8) {
      entries_.push_back(ahead_.Add(RandomDue(), RandomWork()));
    } else if (choice < 14) {
      RemoveAny();
    } else {
      now_ += RandomPause();
      ahead_.Advance(now_);
    }
  }
  void Check() {
    for (int i = 0; i < 4; ++i) {
      const SteadyTime due = RandomDue();
      ASSERT_EQ(ahead_.Ahead(due), Expected(due));
    }
    ASSERT_EQ(ahead_.total(), Expected(SteadyTime::max()));
  }
  void Empty() {
    while (!entries_.empty()) RemoveAny();
    ASSERT_EQ(ahead_.total(), 0ns);
    ASSERT_EQ(ahead_.Ahead(SteadyTime::max()), 0ns);
  }

 private:
  Duration Within(Duration range) {
    return Duration(random_() % static_cast<std::uint64_t>(range.count()));
  }

  SteadyTime RandomDue() {
    switch (random_() % 8) {
      case 0: return now_ - Within(5s);
      case 1: return now_ + 4090ms + Within(12ms);
      case 2: return now_ + Within(20s);
      case 3: return now_ + Within(3ms);
      default: return now_ + Within(4096ms);
    }
  }
  Duration RandomWork() { return random_() % 10 == 0 ? 0ns : Within(30ms); }
  Duration RandomPause() {
    switch (random_() % 8) {
      case 0: return Within(15s);
      case 1: return 4090ms + Within(12ms);
      case 2: return Within(1s);
      default: return Within(5ms);
    }
  }
  void RemoveAny() {
    if (entries_.empty()) return;
    std::swap(entries_[random_() % entries_.size()], entries_.back());
    ahead_.Remove(entries_.back());
    entries_.pop_back();
  }

  // What Ahead says: the past and what is beyond the ring are one heap each, the rest goes by the
  // millisecond.
  Duration Expected(SteadyTime due) const {
    using std::chrono::floor;
    using std::chrono::milliseconds;
    Duration sum = 0ns;
    for (const WorkAhead::Entry& entry : entries_) {
      const auto entry_due = floor<milliseconds>(entry.due);
      const auto ring_ends = floor<milliseconds>(now_) + 4096ms;
      const bool are_beyond = entry_due >= ring_ends && floor<milliseconds>(due) >= ring_ends;
      if (entry_due < floor<milliseconds>(now_) || entry_due <= floor<milliseconds>(due) ||
          are_beyond) {
        sum += entry.work;
      }
    }
    return sum;
  }

  std::mt19937_64 random_;
  SteadyTime now_ = kStart;
  WorkAhead ahead_;
  std::vector<WorkAhead::Entry> entries_;
};

TEST(WorkAheadPropertyTest, TheSumsEqualBruteForceAndAreZeroWhenEmpty) {
  const std::uint32_t base = std::random_device{}();
  for (std::uint32_t seed = base; seed < base + 10; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    CheckedWorkAhead checked(seed);
    for (int i = 0; i < 1000; ++i) {
      checked.Step();
      if (i % 4 != 0) continue;
      ASSERT_NO_FATAL_FAILURE(checked.Check());
    }
    ASSERT_NO_FATAL_FAILURE(checked.Empty());
  }
}

}  // namespace
}  // namespace baton::serve
