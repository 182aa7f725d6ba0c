#include "server/trace/tracer.h"

#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace baton::trace {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

// Answers by a list, the last one again and again.
class ScriptedPost final : public Post {
 public:
  PostAnswer Send(const std::string& body, Duration /*most*/) override {
    MutexLock lock(mutex_);
    bodies_.push_back(body);
    PostAnswer answer = answers_.front();
    if (answers_.size() > 1) answers_.pop_front();
    changed_.NotifyAll();
    return answer;
  }
  void Hurry(Duration most) override { hurried = most; }

  void Answer(std::deque<PostAnswer> answers) {
    MutexLock lock(mutex_);
    answers_ = std::move(answers);
  }
  // The bodies so far, once there are so many.
  std::vector<std::string> WaitFor(std::size_t count) {
    MutexLock lock(mutex_);
    const auto until = std::chrono::steady_clock::now() + 60s;
    while (bodies_.size() < count) {
      if (changed_.WaitUntil(lock, until) == std::cv_status::timeout) break;
    }
    return bodies_;
  }
  std::atomic<Duration> hurried{Duration::max()};

 private:
  Mutex mutex_;
  CondVar changed_;
  std::deque<PostAnswer> answers_ BATON_GUARDED_BY(mutex_){{200, "{}", {}, {}}};
  std::vector<std::string> bodies_ BATON_GUARDED_BY(mutex_);
};

class TracerTest : public testing::Test {
 protected:
  explicit TracerTest(const Sampling& sampling = {}) {
    auto post = std::make_unique<ScriptedPost>();
    post_ = post.get();
    tracer_.emplace(
        Tracer::Parts{
            clock_, std::move(post), {}, [this](std::string_view why) { told_.emplace_back(why); }},
        sampling);
    source_ = &tracer_->AddSource(8);
  }

  // Three spans each.
  void Offer(const std::string& version, bool is_miss = true) {
    source_->Offer(is_miss, 3, clock_.Now(), [&](FinishedRequest& request) {
      request.version = version;
      request.stages.times = {1ms, 0ms, 0ms, 1ms, 0ms};
    });
  }
  std::vector<std::uint64_t> Spans() const {
    std::vector<std::uint64_t> spans;
    spans.reserve(std::size(kAllOutcomes));
    for (const Outcome outcome : kAllOutcomes) spans.push_back(tracer_->spans(outcome));
    return spans;
  }

  ManualClock clock_;
  ScriptedPost* post_ = nullptr;
  std::vector<std::string> told_;  // looked at once it has stopped
  std::optional<Tracer> tracer_;
  Tracer::Source* source_ = nullptr;
};

TEST_F(TracerTest, WhatIsOfferedIsSentTogether) {
  Offer("one");
  Offer("two");
  tracer_->Start();
  const std::string body = post_->WaitFor(1).at(0);
  EXPECT_THAT(body, HasSubstr("\"one\""));
  EXPECT_THAT(body, HasSubstr("\"two\""));
  tracer_->Stop(10s);
  EXPECT_THAT(Spans(), ElementsAre(6, 0, 0, 0, 0));
  EXPECT_THAT(told_, ElementsAre());
}

TEST_F(TracerTest, WhatIsThereAtTheEndIsSentBeforeItEnds) {
  tracer_->Start();
  Offer("last");
  tracer_->Stop(7s);
  EXPECT_EQ(post_->WaitFor(1).size(), 1u);
  EXPECT_EQ(post_->hurried.load(), 7s);
  EXPECT_THAT(Spans(), ElementsAre(3, 0, 0, 0, 0));
}

TEST_F(TracerTest, WhatHasNoPlaceIsCounted) {
  for (int i = 0; i < 10; ++i) Offer("x");
  EXPECT_THAT(Spans(), ElementsAre(0, 0, 0, 6, 0));
}

TEST_F(TracerTest, OthersCrowdOutNoMiss) {
  for (int i = 0; i < 8; ++i) Offer("other", false);
  EXPECT_THAT(Spans(), ElementsAre(0, 0, 0, 12, 0));
  for (int i = 0; i < 4; ++i) Offer("miss", true);
  EXPECT_THAT(Spans(), ElementsAre(0, 0, 0, 12, 0));
}

TEST_F(TracerTest, ASourceThatFillsMessagesHoldsUpNoOther) {
  tracer_->Use({.share = 0, .follows_callers = false, .misses = 10'000, .others = 1});
  source_ = &tracer_->AddSource(2048);
  for (int i = 0; i < 2048; ++i) Offer("busy");
  source_ = &tracer_->AddSource(1);
  Offer("quiet");
  tracer_->Start();
  const auto bodies = post_->WaitFor(3);  // there is one source more, with nothing in it
  EXPECT_THAT(bodies.at(0), Not(HasSubstr("\"quiet\"")));
  EXPECT_THAT(bodies.at(2), HasSubstr("\"quiet\""));
  tracer_->Stop(10s);
}

TEST_F(TracerTest, MissesAndOthersHaveRatesOfTheirOwn) {
  tracer_->Use({.share = 0, .follows_callers = false, .misses = 1, .others = 2});
  Offer("miss", true);
  Offer("miss", true);
  for (int i = 0; i < 3; ++i) Offer("other", false);
  EXPECT_THAT(Spans(), ElementsAre(0, 0, 6, 0, 0));
  clock_.Advance(1s);
  Offer("miss", true);
  EXPECT_THAT(Spans(), ElementsAre(0, 0, 6, 0, 0));
}

TEST_F(TracerTest, SamplingChangesWhileItRuns) {
  TraceContext trace;
  trace.is_sampled = true;
  EXPECT_TRUE(source_->Wants(trace, false));
  tracer_->Use({.share = 0, .follows_callers = false, .misses = 1, .others = 1});
  EXPECT_FALSE(source_->Wants(trace, false));
  EXPECT_TRUE(source_->Wants(trace, true));
  tracer_->Use({.share = 1, .follows_callers = false, .misses = 1, .others = 1});
  EXPECT_TRUE(source_->Wants({}, false));
}

TEST_F(TracerTest, TheSameMessageIsTriedAgain) {
  post_->Answer({{0, "", {}, "refused"}, {503, "later", {}, ""}, {200, "", {}, ""}});
  Offer("x");
  tracer_->Start();
  const auto bodies = post_->WaitFor(3);
  ASSERT_EQ(bodies.size(), 3u);
  EXPECT_EQ(bodies[0], bodies[1]);
  EXPECT_EQ(bodies[0], bodies[2]);
  tracer_->Stop(10s);
  EXPECT_THAT(Spans(), ElementsAre(3, 0, 0, 0, 0));
  EXPECT_THAT(told_, ElementsAre("refused", "")) << "of changes alone";
}

TEST_F(TracerTest, ACollectorThatChangesItsMindIsToldOfNowAndThen) {
  post_->Answer({{400, "bad", {}, ""},
                 {200, "{}", {}, ""},
                 {400, "bad", {}, ""},
                 {200, "{}", {}, ""},
                 {400, "worse", {}, ""}});
  tracer_->Start();
  for (std::uint64_t sent = 1; sent <= 5; ++sent) {
    if (sent == 5) clock_.Advance(Tracer::kTellEvery);
    Offer("x");
    while (tracer_->spans(Outcome::kExported) + tracer_->spans(Outcome::kRejected) < 3 * sent) {
      std::this_thread::yield();
    }
  }
  tracer_->Stop(10s);
  EXPECT_THAT(told_, ElementsAre("it answered 400 bad", "", "it answered 400 worse"));
}

TEST_F(TracerTest, WhatIsRejectedIsNotTriedAgain) {
  post_->Answer({{400, "bad", {}, ""}});
  Offer("x");
  tracer_->Start();
  post_->WaitFor(1);
  tracer_->Stop(10s);
  EXPECT_EQ(post_->WaitFor(0).size(), 1u);
  EXPECT_THAT(Spans(), ElementsAre(0, 3, 0, 0, 0));
  EXPECT_THAT(told_, ElementsAre("it answered 400 bad"));
}

TEST_F(TracerTest, APartOfAMessageMayBeRejected) {
  post_->Answer({{200, R"({"partialSuccess":{"rejectedSpans":"1"}})", {}, ""}});
  Offer("x");
  tracer_->Start();
  post_->WaitFor(1);
  tracer_->Stop(10s);
  EXPECT_THAT(Spans(), ElementsAre(2, 1, 0, 0, 0));
}

TEST_F(TracerTest, ACollectorThatIsAwayHoldsUpNoEnd) {
  post_->Answer({{0, "", std::chrono::hours(1), "refused"}});
  Offer("x");
  tracer_->Start();
  post_->WaitFor(1);
  Offer("y");
  tracer_->Stop(10s);  // it was to wait an hour
  EXPECT_THAT(Spans(), ElementsAre(0, 0, 0, 0, 6));
}

TEST_F(TracerTest, MetricsCountSpansByWhatBecameOfThem) {
  metrics::Registry registry;
  AddTraceMetrics(registry, &*tracer_);
  tracer_->Use({.share = 0, .follows_callers = false, .misses = 0, .others = 0});
  Offer("x");
  EXPECT_THAT(registry.Expose(), HasSubstr("baton_trace_spans_total{outcome=\"over_rate\"} 3"));
  EXPECT_THAT(registry.Expose(), HasSubstr("baton_trace_spans_total{outcome=\"exported\"} 0"));
}

}  // namespace
}  // namespace baton::trace
