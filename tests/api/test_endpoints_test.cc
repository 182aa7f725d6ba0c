// The endpoints that hold a worker.
#include "server/api/test_endpoints.h"

#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/api/fake_model.h"

namespace baton::api {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST(TestEndpointsTest, AnswerWhatWasAskedForAndWhatItTook) {
  FakeContext context;
  EXPECT_THAT(MakeSleepHandler()->Handle({Padded(R"({"ms": 0})")}, context).body,
              StartsWith(R"({"ms":0,"slept_ms":)"));
  EXPECT_THAT(MakeSpinHandler()->Handle({Padded(R"({"other": [], "ms": 0.01})")}, context).body,
              StartsWith(R"({"ms":0.01,"spun_ms":)"));
}

TEST(TestEndpointsTest, AreDeafToAnExpiredDeadline) {
  FakeContext context;
  context.is_expired = true;
  EXPECT_FALSE(MakeSleepHandler()->Handle({Padded(R"({"ms": 0})")}, context).error);
}

std::vector<std::unique_ptr<serve::Handler>> Both() {
  std::vector<std::unique_ptr<serve::Handler>> handlers;
  handlers.push_back(MakeSleepHandler());
  handlers.push_back(MakeSpinHandler());
  return handlers;
}

TEST(TestEndpointsTest, CancellableOnesEndAtOnceWhenNobodyWaits) {
  FakeContext expired;
  expired.is_expired = true;
  FakeContext stopped;
  stopped.stop.request_stop();
  for (const auto& handler : Both()) {
    for (FakeContext* context : {&expired, &stopped}) {
      const serve::Outcome outcome =
          handler->Handle({Padded(R"({"ms": 60000, "cancellable": true})")}, *context);
      ASSERT_TRUE(outcome.error);
      EXPECT_EQ(outcome.error->code, ErrorCode::kDeadlineExceeded);
      EXPECT_FALSE(handler->Handle({Padded(R"({"ms": 0, "cancellable": false})")}, *context).error);
    }
  }
}

// Asks to be stopped once the handler has looked at it often enough to be in the middle.
class StopsMidway final : public serve::RunContext {
 public:
  Deadline deadline() const override { return {}; }
  bool expired() const override {
    if (++looks_ == 3) stop_.request_stop();
    return false;
  }
  std::stop_token stop_token() const override { return stop_.get_token(); }
  bool ShortenBudget(Duration) override { return true; }

 private:
  mutable int looks_ = 0;
  mutable std::stop_source stop_;
};

TEST(TestEndpointsTest, ACancellableSpinEndsInItsMiddle) {
  StopsMidway context;
  const serve::Outcome outcome =
      MakeSpinHandler()->Handle({Padded(R"({"cancellable": true, "ms": 60000})")}, context);
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->code, ErrorCode::kDeadlineExceeded);
}

TEST(TestEndpointsTest, ACancellableSleepIsWoken) {
  FakeContext context;
  const auto handler = MakeSleepHandler();
  std::thread stopper([&context] { context.stop.request_stop(); });
  const serve::Outcome outcome =
      handler->Handle({Padded(R"({"ms": 60000, "cancellable": true})")}, context);
  stopper.join();
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->code, ErrorCode::kDeadlineExceeded);
}

TEST(TestEndpointsTest, ThatNobodyStopsRunToTheirEnd) {
  FakeContext context;
  for (const auto& handler : Both()) {
    const serve::Outcome outcome =
        handler->Handle({Padded(R"({"ms": 0.01, "cancellable": true})")}, context);
    EXPECT_FALSE(outcome.error) << outcome.error->message;
    EXPECT_THAT(outcome.body, StartsWith(R"({"ms":0.01,)"));
  }
}

TEST(TestEndpointsTest, CancellableIsTrueOrFalse) {
  FakeContext context;
  for (const auto& handler : Both()) {
    const serve::Outcome outcome =
        handler->Handle({Padded(R"({"ms": 0, "cancellable": 1})")}, context);
    ASSERT_TRUE(outcome.error);
    EXPECT_EQ(outcome.error->code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(outcome.error->field, "cancellable");
    EXPECT_EQ(outcome.error->message, "cancellable: expected true or false, got 1");
  }
}

TEST(TestEndpointsTest, RefuseOtherBodiesAndNameTheField) {
  FakeContext context;
  const std::vector<std::pair<std::string, std::string>> table = {
      {R"({})", "ms: expected a number from 0 to 60000, got nothing"},
      {R"({"ms": -1})", "got -1"},
      {R"({"ms": 60000.5})", "got 60000.5"},
      {R"({"ms": 1e300})", "got 1e+300"},
      {R"({"ms": "5"})", "got the string '5'"},
      {R"({"ms": null})", "got null"},
      {R"({"ms": true})", "got true"},
      {R"({"ms": [5]})", "got an array of 1"},
  };
  for (const auto& handler : Both()) {
    for (const auto& [body, message] : table) {
      const serve::Outcome outcome = handler->Handle({Padded(body)}, context);
      ASSERT_TRUE(outcome.error) << body;
      EXPECT_EQ(outcome.error->code, ErrorCode::kInvalidArgument);
      EXPECT_EQ(outcome.error->field, "ms");
      EXPECT_THAT(outcome.error->message, HasSubstr(message));
    }
    EXPECT_TRUE(handler->Handle({Padded("[]")}, context).error);
  }
}

}  // namespace
}  // namespace baton::api
