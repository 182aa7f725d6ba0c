// Operations: who is told, when, and what is forgotten.
#include "server/control/operation_book.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>

namespace baton::control {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class OperationBookTest : public ::testing::Test {
 protected:
  std::string Begin(const std::string& model = "tumour") {
    const auto begun = book_.Begin({ModelChange::Kind::kLoad, model}, {"ada", "unix:"});
    return begun ? begun->name : begun.error().message;
  }
  void End(const std::string& name) { book_.End(name, std::vector<ModelState>{}); }
  OperationBook::Told Tells() {
    return [this](const OperationState& operation) {
      told_.push_back(operation.name + (operation.is_done() ? " done" : " goes on"));
    };
  }

  std::int64_t now_ms_ = 0x19aa;
  OperationBook book_{[this] { return now_ms_; }};
  std::vector<std::string> told_;
  const SteadyTime soon_{1s};
};

TEST_F(OperationBookTest, NamesCountUpFromTheTimeOfTheStart) {
  now_ms_ = 7;
  EXPECT_EQ(Begin(), "19aa-000001");
  EXPECT_EQ(Begin(), "19aa-000002");
  EXPECT_EQ(book_.Find("19aa-000002")->started_unix_ms, 7);
  EXPECT_EQ(book_.Find("19aa-000002")->ahead, 1U);
}

TEST_F(OperationBookTest, WhoWaitsIsToldOnceWhenItIsDone) {
  const std::string name = Begin();
  ASSERT_TRUE(book_.Await(name, soon_, Tells()));
  const std::string other = Begin();
  End(other);
  EXPECT_THAT(told_, SizeIs(0));
  End(name);
  book_.Tell(SteadyTime::max());
  EXPECT_THAT(told_, ElementsAre(name + " done"));
}

TEST_F(OperationBookTest, WhoWaitsForWhatIsDoneIsToldAtOnce) {
  const std::string name = Begin();
  End(name);
  ASSERT_TRUE(book_.Await(name, soon_, Tells()));
  EXPECT_THAT(told_, ElementsAre(name + " done"));
}

TEST_F(OperationBookTest, WhoWaitsIsToldOnceWhenTheTimeIsUp) {
  const std::string name = Begin();
  ASSERT_TRUE(book_.Await(name, soon_, Tells()));
  book_.Tell(soon_ - 1ns);
  EXPECT_THAT(told_, SizeIs(0));
  book_.Tell(soon_);
  End(name);
  EXPECT_THAT(told_, ElementsAre(name + " goes on"));
}

TEST_F(OperationBookTest, TheLastOnesThatAreDoneAreKeptAndThoseThatGoOn) {
  const std::string goes_on = Begin();
  const std::string first = Begin();
  End(first);
  for (std::size_t i = 0; i < OperationBook::kMostDone; ++i) {
    EXPECT_TRUE(book_.Find(first));
    End(Begin());
  }
  EXPECT_EQ(book_.Find(first).error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(book_.Find(goes_on));
  EXPECT_THAT(book_.List(), SizeIs(OperationBook::kMostDone + 1));
}

TEST_F(OperationBookTest, NoMoreGoOnAtOnceThanMay) {
  std::string last;
  for (std::size_t i = 0; i < OperationBook::kMostOpen; ++i) last = Begin();
  EXPECT_EQ(book_.Begin({}, {}).error().code, ErrorCode::kResourceExhausted);
  EXPECT_THAT(Begin(), HasSubstr("at most 100"));
  End(last);
  EXPECT_TRUE(book_.Find(Begin()));
}

TEST_F(OperationBookTest, NoMoreWaitThanMay) {
  const std::string name = Begin();
  for (std::size_t i = 0; i < OperationBook::kMostWaits; ++i) {
    ASSERT_TRUE(book_.Await(name, soon_, Tells()));
  }
  EXPECT_EQ(book_.Await(name, soon_, Tells()).error().code, ErrorCode::kResourceExhausted);
  book_.Tell(soon_);
  EXPECT_TRUE(book_.Await(name, soon_, Tells()));
}

TEST_F(OperationBookTest, WhatNeverWasIsNotFound) {
  EXPECT_EQ(book_.Find("x").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(book_.Await("x", soon_, Tells()).error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace baton::control
