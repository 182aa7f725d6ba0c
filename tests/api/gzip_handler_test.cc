// Bodies that come or leave as gzip, around any handler.
#include "server/api/gzip_handler.h"

#include <deque>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/api/infer.h"
#include "server/api/reverse.h"
#include "server/http/gzip.h"
#include "tests/api/fake_model.h"

namespace baton::api {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::size_t kBound = 10'000;
constexpr std::size_t kAnswerBytes = 1'000;

std::string Zip(std::string_view plain) {
  return http::Compress(plain, [] { return true; }).value();
}

std::string Unzip(std::string_view zipped) {
  return http::Expand(zipped, std::size_t{1} << 24U, [] { return true; }).value();
}

// {"data":"xxx..."} of `bytes` bytes.
std::string Document(std::size_t bytes, char filler = 'x') {
  return R"({"data":")" + std::string(bytes - 11, filler) + R"("})";
}

serve::Call Zipped(std::string_view plain, bool takes_gzip = false) {
  return {Padded(Zip(plain)), true, takes_gzip};
}

serve::Call TakingGzip(std::string_view plain) { return {Padded(plain), false, true}; }

class TimedContext final : public serve::RunContext {
 public:
  Deadline deadline() const override { return {}; }
  bool expired() const override { return questions_++ >= expires_after; }
  Duration time_left() const override { return left; }
  bool ShortenBudget(Duration) override { return true; }
  int questions() const { return questions_; }

  int expires_after = 1'000'000;  // so many questions
  Duration left = 1s;

 private:
  mutable int questions_ = 0;
};

// Of a run by the clock: each question whether it goes on comes after a millisecond of work.
class ClockedContext final : public serve::RunContext {
 public:
  ClockedContext(ManualClock& clock, Duration left) : clock_(clock), due_(clock.Now() + left) {}

  Deadline deadline() const override { return {}; }
  bool expired() const override {
    clock_.Advance(1ms);
    return clock_.Now() >= due_;
  }
  Duration time_left() const override { return due_ - clock_.Now(); }
  bool ShortenBudget(Duration) override { return true; }

 private:
  ManualClock& clock_;
  const SteadyTime due_;
};

// Answers with the body of the call, and keeps what it has seen.
class EchoHandler final : public serve::Handler {
 public:
  serve::Outcome Handle(const serve::Call& call, serve::RunContext&) const override {
    bodies.push_back(call.body);
    capacity = call.body.capacity();
    json_bytes = call.json_bytes;
    if (error) return {{}, error};
    return {call.body, std::nullopt};
  }
  bool CanBatch() const override { return can_batch; }
  void HandleBatch(std::span<serve::BatchMember> members,
                   const std::stop_token& stop) const override {
    batches.push_back(members.size());
    serve::Handler::HandleBatch(members, stop);
  }
  std::optional<serve::Call> WarmUpCall(std::size_t) const override { return serve::Call{"{}"}; }

  std::optional<Error> error;
  bool can_batch = true;
  mutable std::vector<std::string> bodies;
  mutable std::vector<std::size_t> batches;
  mutable std::size_t capacity = 0;
  mutable std::optional<std::size_t> json_bytes;
};

class GzipHandlerTest : public testing::Test {
 protected:
  serve::Outcome Handle(const serve::Call& call) { return handler_->Handle(call, context_); }

  // The outcomes of `calls` as one batch.
  std::vector<serve::Outcome> HandleBatch(const std::vector<serve::Call>& calls) {
    std::vector<serve::BatchMember> members;
    for (const serve::Call& call : calls) members.push_back({&call, &context_, {}});
    handler_->HandleBatch(members, {});
    std::vector<serve::Outcome> outcomes;
    for (serve::BatchMember& member : members) outcomes.push_back(std::move(member.outcome));
    return outcomes;
  }

  const std::shared_ptr<http::GzipCounts> counts_ = std::make_shared<http::GzipCounts>();
  EchoHandler* const echo_ = new EchoHandler;
  const std::unique_ptr<serve::Handler> handler_ =
      MakeGzipHandler(std::unique_ptr<serve::Handler>(echo_), {kBound, kAnswerBytes}, counts_);
  TimedContext context_;
};

TEST_F(GzipHandlerTest, ABodyThatIsGzipIsExpandedWithItsPadding) {
  const serve::Call call = Zipped(Document(500));
  const serve::Outcome outcome = Handle(call);
  EXPECT_EQ(outcome.body, Document(500));
  EXPECT_TRUE(outcome.has_run);
  EXPECT_GE(echo_->capacity, 500 + serve::kBodyPadding);
  EXPECT_EQ(counts_->received_gzip_bytes, call.body.size());
  EXPECT_EQ(counts_->received_plain_bytes, 500);
}

TEST_F(GzipHandlerTest, TheSizeOfTheJsonIsWithinTheExpandedBody) {
  serve::Call call = Zipped(Document(500));
  for (const std::size_t said : {std::size_t{0}, std::size_t{499}, std::size_t{500}}) {
    call.json_bytes = said;
    EXPECT_EQ(Handle(call).body, Document(500));
    EXPECT_EQ(echo_->json_bytes, said);
  }
  for (const std::size_t said : {std::size_t{501}, std::size_t{999'999}}) {
    call.json_bytes = said;
    const serve::Outcome outcome = Handle(call);
    ASSERT_TRUE(outcome.error.has_value()) << said;
    EXPECT_EQ(outcome.error->code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(outcome.error->message, HasSubstr("500)"));
    EXPECT_EQ(outcome.error->field, "Inference-Header-Content-Length");
    EXPECT_FALSE(outcome.has_run);
  }
}

TEST_F(GzipHandlerTest, ABodyThatIsNotSaidToBeGzipIsLeftAlone) {
  const serve::Call call{Padded(Zip(Document(500)))};
  EXPECT_EQ(Handle(call).body, call.body);
  EXPECT_EQ(counts_->received_gzip_bytes, 0U);
}

TEST_F(GzipHandlerTest, WhatExpandsToTooMuchIsTooLargeAndNeverHandled) {
  EXPECT_FALSE(Handle(Zipped(Document(kBound))).error.has_value());
  const serve::Outcome outcome = Handle(Zipped(Document(kBound + 1)));
  ASSERT_TRUE(outcome.error.has_value());
  EXPECT_EQ(outcome.error->code, ErrorCode::kTooLarge);
  EXPECT_THAT(outcome.error->message, HasSubstr("more than 10000 bytes"));
  EXPECT_EQ(echo_->bodies.size(), 1U);
  EXPECT_EQ(counts_->too_large, 1U);
  EXPECT_EQ(counts_->corrupt, 0U);
}

TEST_F(GzipHandlerTest, WhatIsNoGzipIsTheClientsFaultAndNeverHandled) {
  for (const std::string& body : {std::string(), Document(500), Zip(Document(500)).substr(0, 20)}) {
    const serve::Outcome outcome = Handle({Padded(body), true});
    ASSERT_TRUE(outcome.error.has_value());
    EXPECT_EQ(outcome.error->code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(outcome.error->message, HasSubstr("no valid gzip"));
    EXPECT_FALSE(outcome.has_run);
  }
  EXPECT_THAT(echo_->bodies, IsEmpty());
  EXPECT_EQ(counts_->corrupt, 3U);
}

TEST_F(GzipHandlerTest, ExpandingEndsWithTheBudget) {
  context_.expires_after = 0;
  const serve::Outcome outcome = Handle(Zipped(Document(500)));
  ASSERT_TRUE(outcome.error.has_value());
  EXPECT_EQ(outcome.error->code, ErrorCode::kDeadlineExceeded);
  EXPECT_EQ(outcome.error->message, "the budget ran out while the body was expanded");
  EXPECT_FALSE(outcome.has_run);
  EXPECT_THAT(echo_->bodies, IsEmpty());
  EXPECT_EQ(counts_->corrupt + counts_->too_large, 0U);
}

TEST_F(GzipHandlerTest, APredictionIsCompressedForWhoTakesThatFromTheSizeOn) {
  for (const std::size_t bytes : {kAnswerBytes - 1, kAnswerBytes, 5 * kAnswerBytes}) {
    const bool is_large = bytes >= kAnswerBytes;
    const serve::Outcome taken = Handle(TakingGzip(Document(bytes)));
    EXPECT_EQ(taken.body, Document(bytes)) << "what is kept as a last good answer is plain";
    EXPECT_EQ(taken.may_be_gzip, is_large);
    ASSERT_EQ(!taken.gzip.empty(), is_large);
    if (is_large) {
      EXPECT_EQ(Unzip(taken.gzip), taken.body);
    }

    const serve::Outcome not_taken = Handle({Padded(Document(bytes))});
    EXPECT_EQ(not_taken.body, Document(bytes));
    EXPECT_EQ(not_taken.may_be_gzip, is_large);
    EXPECT_TRUE(not_taken.gzip.empty());
  }
  EXPECT_EQ(counts_->sent_plain_bytes, 6 * kAnswerBytes);
  EXPECT_GT(counts_->sent_gzip_bytes, 0U);
  EXPECT_LT(counts_->sent_gzip_bytes, kAnswerBytes);
}

TEST_F(GzipHandlerTest, WhatGetsNoSmallerLeavesAsItIs) {
  std::mt19937 random(1);
  std::string noise(2 * kAnswerBytes, '\0');
  for (char& c : noise) c = static_cast<char>(random());
  const serve::Outcome outcome = Handle(TakingGzip(noise));
  EXPECT_EQ(outcome.body, noise);
  EXPECT_TRUE(outcome.gzip.empty());
  EXPECT_TRUE(outcome.may_be_gzip);
  EXPECT_EQ(counts_->sent_plain_bytes, 0U);
}

TEST_F(GzipHandlerTest, ErrorsAreNeverCompressed) {
  echo_->error = Error{ErrorCode::kInternal, std::string(2 * kAnswerBytes, 'e'), {}};
  const serve::Outcome outcome = Handle(TakingGzip(Document(2 * kAnswerBytes)));
  EXPECT_EQ(outcome.error->message, echo_->error->message);
  EXPECT_TRUE(outcome.gzip.empty());
  EXPECT_FALSE(outcome.may_be_gzip);
}

TEST_F(GzipHandlerTest, NothingIsCompressedThatWouldBeLateForIt) {
  const serve::Call call = TakingGzip(Document(std::size_t{1} << 20U));
  context_.left = 5ms;  // and it takes up to 33 ms
  EXPECT_TRUE(Handle(call).gzip.empty());
  context_.left = 50ms;
  EXPECT_EQ(Unzip(Handle(call).gzip), call.body);
  context_.left = -1ms;
  EXPECT_TRUE(Handle(call).gzip.empty());
}

TEST_F(GzipHandlerTest, CompressingEndsWhenNobodyWaitsAnyMore) {
  const serve::Call call = TakingGzip(Document(std::size_t{1} << 20U));
  for (const int after : {0, 1, 5}) {
    TimedContext context;
    context.expires_after = after;
    const serve::Outcome outcome = handler_->Handle(call, context);
    EXPECT_FALSE(outcome.error.has_value());
    EXPECT_EQ(outcome.body, call.body);
    EXPECT_TRUE(outcome.gzip.empty());
  }
}

TEST_F(GzipHandlerTest, ABatchGivesEachWhatItWouldGetAlone) {
  const std::vector<serve::Call> calls = {
      {Padded(Document(100))},      Zipped(Document(200)),        {Padded("no gzip"), true},
      Zipped(Document(2000), true), Zipped(Document(kBound + 1)), TakingGzip(Document(3000)),
  };
  const std::vector<serve::Outcome> outcomes = HandleBatch(calls);
  EXPECT_THAT(echo_->batches, ElementsAre(4));
  for (std::size_t i = 0; i < calls.size(); ++i) {
    const serve::Outcome alone = Handle(calls[i]);
    EXPECT_EQ(outcomes[i].body, alone.body);
    EXPECT_EQ(outcomes[i].gzip, alone.gzip);
    EXPECT_EQ(outcomes[i].may_be_gzip, alone.may_be_gzip);
    EXPECT_EQ(outcomes[i].has_run, alone.has_run);
    ASSERT_EQ(outcomes[i].error.has_value(), alone.error.has_value());
    if (alone.error) {
      EXPECT_EQ(outcomes[i].error->message, alone.error->message);
    }
  }
}

// `first_left` for the first of `calls`, `left` for the others; which of them were compressed.
std::vector<bool> CompressedOf(const serve::Handler& handler, const std::vector<serve::Call>& calls,
                               Duration first_left, Duration left) {
  ManualClock clock;
  std::deque<ClockedContext> contexts;
  std::vector<serve::BatchMember> members;
  for (const serve::Call& call : calls) {
    contexts.emplace_back(clock, contexts.empty() ? first_left : left);
    members.push_back({&call, &contexts.back(), {}});
  }
  handler.HandleBatch(members, {});
  std::vector<bool> compressed;
  for (const serve::BatchMember& member : members) {
    compressed.push_back(!member.outcome.gzip.empty());
  }
  return compressed;
}

TEST_F(GzipHandlerTest, NoMemberOfABatchIsCompressedThatWouldMakeAnotherLate) {
  const serve::Call small{Padded(Document(100))};
  const serve::Call large = TakingGzip(Document(std::size_t{1} << 20U));  // up to 33 ms
  EXPECT_THAT(CompressedOf(*handler_, {small, large}, 8s, 8s), ElementsAre(false, true));
  EXPECT_THAT(CompressedOf(*handler_, {small, large}, 30ms, 8s), ElementsAre(false, false));
  // Nobody waits for the first one any more.
  EXPECT_THAT(CompressedOf(*handler_, {small, large}, -1ms, 8s), ElementsAre(false, true));
}

TEST_F(GzipHandlerTest, WhatCompressingOneHasTakenIsNotThereForTheNextOfItsBatch) {
  const serve::Call small{Padded(Document(100))};
  const serve::Call large = TakingGzip(Document(std::size_t{1} << 20U));  // up to 33 ms
  EXPECT_THAT(CompressedOf(*handler_, {small, large, large}, 45ms, 8s),
              ElementsAre(false, true, false));
}

// Each look at who waits costs a search among the pending responses.
TEST_F(GzipHandlerTest, WhoLeavesFirstIsNotLookedUpForEachMemberOfABatch) {
  const serve::Call call = TakingGzip(Document(kAnswerBytes));
  const auto questions_of = [&](std::size_t size) {
    TimedContext context;
    std::vector<serve::BatchMember> members(size, serve::BatchMember{&call, &context, {}});
    handler_->HandleBatch(members, {});
    EXPECT_FALSE(members.back().outcome.gzip.empty());
    return context.questions();
  };
  EXPECT_LT(questions_of(100), 3 * questions_of(50));
}

TEST_F(GzipHandlerTest, ABatchOfLargeBodiesRunsInParts) {
  const serve::Call large = Zipped(Document(6'000));
  const serve::Call plain{Padded(Document(9'000))};
  EXPECT_THAT(HandleBatch({large, plain, large, large, large, large}), testing::SizeIs(6));
  EXPECT_THAT(echo_->batches, ElementsAre(3, 2, 1));
  EXPECT_THAT(echo_->bodies, testing::Each(HasSubstr("data")));
  EXPECT_EQ(echo_->bodies.size(), 6U);
}

TEST_F(GzipHandlerTest, ABatchWithoutGzipIsHandedOnWhole) {
  EXPECT_THAT(HandleBatch(std::vector<serve::Call>(5, {Padded(Document(9'000))})),
              testing::SizeIs(5));
  EXPECT_THAT(echo_->batches, ElementsAre(5));
}

TEST_F(GzipHandlerTest, ABatchOfNothingThatExpandsIsNotRun) {
  const auto outcomes = HandleBatch({{Padded("no gzip"), true}, {Padded(""), true}});
  EXPECT_TRUE(outcomes[0].error.has_value());
  EXPECT_TRUE(outcomes[1].error.has_value());
  EXPECT_THAT(echo_->batches, IsEmpty());
}

TEST_F(GzipHandlerTest, WarmUpAndBatchingAreThoseOfTheHandlerInside) {
  EXPECT_TRUE(handler_->CanBatch());
  echo_->can_batch = false;
  EXPECT_FALSE(handler_->CanBatch());
  EXPECT_EQ(handler_->WarmUpCall()->body, "{}");
}

TEST(GzipHandlersTest, ATimeoutInACompressedBodyMovesTheDeadline) {
  const auto model = EchoModel({{"x", models::DataType::kFp32, {-1, 2}}});
  const auto handler =
      MakeGzipHandler(MakeInferHandler({model}), {}, std::make_shared<http::GzipCounts>());
  FakeContext context;
  const std::string body =
      R"({"inputs":[{"name":"x","shape":[1,2],"datatype":"FP32","data":[1,2]}],)" +
      std::string(500, ' ') + R"("parameters":{"timeout":20000}})";
  const serve::Outcome outcome = handler->Handle(Zipped(body), context);
  EXPECT_FALSE(outcome.error.has_value());
  EXPECT_EQ(context.shortened_to, 20ms);
}

TEST(GzipHandlersTest, TheCountsAreTwoFamilies) {
  metrics::Registry registry;
  const auto counts = http::GzipCounts::Make(registry);
  counts->sent_gzip_bytes += 3;
  counts->corrupt += 2;
  const std::string text = registry.Expose();
  EXPECT_THAT(text, HasSubstr(R"(baton_http_gzip_bytes_total{direction="sent",form="gzip"} 3)"));
  EXPECT_THAT(text, HasSubstr(R"(baton_http_gzip_bytes_total{direction="sent",form="plain"} 0)"));
  EXPECT_THAT(text,
              HasSubstr(R"(baton_http_gzip_bytes_total{direction="received",form="gzip"} 0)"));
  EXPECT_THAT(text, HasSubstr(R"(baton_http_gzip_refused_total{reason="corrupt"} 2)"));
  EXPECT_THAT(text, HasSubstr(R"(baton_http_gzip_refused_total{reason="too_large"} 0)"));
}

}  // namespace
}  // namespace baton::api
