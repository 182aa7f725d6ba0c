// Where answers are placed when they would be due together.
#include "server/serve/answer_slots.h"

#include <map>

#include <gtest/gtest.h>

namespace baton::serve {
namespace {

constexpr SteadyTime kStart{1000s};
constexpr SteadyTime kWanted = kStart + 46ms + 300us;
constexpr int kRoom = static_cast<int>(AnswerSlots::kPerMillisecond);

SteadyTime TakeMany(AnswerSlots& slots, int count, SteadyTime wanted = kWanted,
                    SteadyTime earliest = kStart) {
  SteadyTime last;
  for (int i = 0; i < count; ++i) last = slots.Take(wanted, earliest);
  return last;
}

TEST(AnswerSlotsTest, AsManyAsFitGetTheTimeTheyWant) {
  AnswerSlots slots;
  EXPECT_EQ(TakeMany(slots, kRoom), kWanted);
}

TEST(AnswerSlotsTest, WhoComesLaterIsDueInTheMillisecondBefore) {
  AnswerSlots slots;
  TakeMany(slots, kRoom);
  EXPECT_EQ(slots.Take(kWanted, kStart), kStart + 45ms);
  EXPECT_EQ(slots.Take(kWanted, kStart), kStart + 45ms + Duration(1ms) / kRoom);
  EXPECT_EQ(TakeMany(slots, kRoom), kStart + 44ms + Duration(1ms) / kRoom);
}

TEST(AnswerSlotsTest, ACrowdIsSpreadEvenlyAndNeverPutLater) {
  AnswerSlots slots;
  std::map<std::int64_t, int> in_millisecond;
  for (int i = 0; i < 1000; ++i) {
    const SteadyTime place = slots.Take(kWanted, kStart);
    EXPECT_LE(place, kWanted);
    ++in_millisecond[(place - kStart) / 1ms];
  }
  EXPECT_EQ(in_millisecond.size(), 1000U / AnswerSlots::kPerMillisecond);
  for (const auto& entry : in_millisecond) EXPECT_EQ(entry.second, kRoom) << entry.first;
}

TEST(AnswerSlotsTest, NobodyIsPutBeforeTheEarliestAllowed) {
  AnswerSlots slots;
  const SteadyTime earliest = kStart + 44ms;
  TakeMany(slots, 10 * kRoom, kWanted, earliest);
  const SteadyTime place = slots.Take(kWanted, earliest);
  EXPECT_GE(place, earliest);
  EXPECT_LT(place, earliest + 1ms);
}

TEST(AnswerSlotsTest, ATimeThatIsBeforeTheEarliestStaysAsItIs) {
  AnswerSlots slots;
  EXPECT_EQ(TakeMany(slots, 3 * kRoom, kWanted, kWanted + 5ms), kWanted);
}

TEST(AnswerSlotsTest, TimesThatAreApartAreLeftAlone) {
  AnswerSlots slots;
  for (int i = 0; i < 1000; ++i) {
    const SteadyTime wanted = kStart + i * 25us;
    EXPECT_EQ(slots.Take(wanted, kStart), wanted);
  }
}

TEST(AnswerSlotsTest, APlaceGivenBackIsTakenAgain) {
  AnswerSlots slots;
  TakeMany(slots, kRoom);
  slots.GiveBack(kWanted);
  EXPECT_EQ(slots.Take(kWanted, kStart), kWanted);
  const SteadyTime before = slots.Take(kWanted, kStart);
  EXPECT_EQ(before, kStart + 45ms);
  slots.GiveBack(before);
  EXPECT_EQ(slots.Take(kWanted, kStart), before);
}

TEST(AnswerSlotsTest, GivingBackWhatWasForgottenHarmsNobody) {
  AnswerSlots slots;
  slots.GiveBack(kWanted);
  EXPECT_EQ(TakeMany(slots, kRoom), kWanted);
  EXPECT_LT(slots.Take(kWanted, kStart), kWanted);
}

TEST(AnswerSlotsTest, TheSameMillisecondOfALaterRoundIsFree) {
  AnswerSlots slots;
  TakeMany(slots, kRoom);
  const SteadyTime round_later = kWanted + 16'384ms;
  EXPECT_EQ(TakeMany(slots, kRoom, round_later, round_later - 10ms), round_later);
}

}  // namespace
}  // namespace baton::serve
