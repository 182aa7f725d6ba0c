// Which form a scrape gets, and what keeps scrapes cheap.
#include "server/pages/scrape.h"

#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

#include "server/http/gzip.h"
#include "tests/support/loop_harness.h"
#include "tests/support/make_request.h"

namespace baton::pages {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

metrics::Format FormatFor(const std::string& accept) {
  return pages::FormatFor(http::RequestWith({{"Accept", accept}}));
}

TEST(FormatForTest, WhoSaysNothingOrTakesAnythingGetsText) {
  EXPECT_EQ(pages::FormatFor(http::RequestWith({})), metrics::Format::kText);
  for (const char* accept : {"*/*", "text/plain", "application/*", "", ",", "application/json",
                             "text/html,*/*;q=0.8", "text/plain;version=0.0.4;q=0.1"}) {
    EXPECT_EQ(FormatFor(accept), metrics::Format::kText) << accept;
  }
}

TEST(FormatForTest, WhoNamesOpenMetricsGetsItUnlessTextWeighsMore) {
  // As Prometheus 2 and 3 ask.
  for (const char* accept :
       {"application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;"
        "q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
        "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
        "application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;"
        "escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
        "application/openmetrics-text",
        "Application/OpenMetrics-Text; Version=1.0.0; charset=utf-8",
        "text/plain, application/openmetrics-text",
        "text/plain;q=0.2, application/openmetrics-text ; q=0.3"}) {
    EXPECT_EQ(FormatFor(accept), metrics::Format::kOpenMetrics) << accept;
  }
  for (const char* accept :
       {"application/openmetrics-text;q=0", "application/openmetrics-text;q=0.4,text/plain",
        "application/openmetrics-text;q=nonsense", "application/openmetrics-text;version=0.0.1",
        "application/openmetrics-text;version=2.0.0,*/*;q=0.1",
        "application/openmetrics-text;version=1.0.0;q=0,application/openmetrics-text"}) {
    EXPECT_EQ(FormatFor(accept), metrics::Format::kText) << accept;
  }
}

TEST(FormatForTest, SeveralFieldsAreOneList) {
  EXPECT_EQ(pages::FormatFor(http::RequestWith(
                {{"Accept", "text/plain;q=0.5"}, {"Accept", "application/openmetrics-text"}})),
            metrics::Format::kOpenMetrics);
}

// What the loop's thread is said to have taken; a rendering takes a step of it.
Duration g_cpu = Duration::zero();

class ScrapesTest : public ::testing::Test {
 protected:
  ScrapesTest() {
    g_cpu = Duration::zero();
    registry_.AddGauge("renderings", "How often this was read.", {}, [this] {
      g_cpu += kCost;
      return ++renderings_;
    });
  }

  void Ask(const std::vector<std::pair<std::string, std::string>>& headers = {}) {
    harness_.loop().AssertOnLoop();
    scrapes_.Answer(http::RequestWith(headers), [this](http::Response&& response) {
      responses_.push_back(std::move(response));
    });
  }

  static constexpr Duration kCost = 2ms;
  testing_support::LoopHarness harness_;
  metrics::Registry registry_;
  int renderings_ = 0;
  std::vector<http::Response> responses_;
  Scrapes scrapes_{harness_.loop(), registry_, [] { return g_cpu; }};
};

TEST_F(ScrapesTest, TheFirstOneIsAnsweredAtOnce) {
  Ask();
  EXPECT_TRUE(responses_.empty()) << "inside the call";
  harness_.Turn();
  ASSERT_EQ(responses_.size(), 1u);
  EXPECT_EQ(responses_[0].content_type, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_THAT(responses_[0].body, HasSubstr("\nrenderings 1\n"));
  EXPECT_THAT(responses_[0].headers, HasSubstr("Vary: Accept, Accept-Encoding\r\n"));
}

int g_yields = 0;

TEST_F(ScrapesTest, WhatTakesLongOffersItsCoreToOthers) {
  metrics::Registry registry;
  for (const char* name : {"a", "b", "c"}) {
    registry.AddGauge("slow", "Takes a turn.", {{"l", name}}, [this] {
      harness_.clock().Advance(Turns::kTurn);
      return 1.0;
    });
  }
  g_yields = 0;
  Scrapes scrapes(
      harness_.loop(), registry, [] { return g_cpu; }, [] { return ++g_yields; });
  harness_.loop().AssertOnLoop();
  scrapes.Answer(http::RequestWith({}), [](http::Response&&) {});
  harness_.Turn();
  EXPECT_EQ(g_yields, 2) << "after the first and after the third; to write them takes no time";
}

TEST_F(ScrapesTest, ThoseOfATurnShareARendering) {
  for (int i = 0; i < 5; ++i) Ask();
  harness_.Turn();
  EXPECT_EQ(responses_.size(), 5u);
  EXPECT_EQ(renderings_, 1);
  EXPECT_EQ(responses_.front().body, responses_.back().body);
}

TEST_F(ScrapesTest, WhoWouldBeOneTooManyIsRefused) {
  for (std::size_t i = 0; i <= Scrapes::kMostWaiting; ++i) Ask();
  EXPECT_TRUE(responses_.empty()) << "inside the call";
  harness_.Turns(2);
  ASSERT_EQ(responses_.size(), Scrapes::kMostWaiting + 1);
  std::size_t refused = 0;
  for (const http::Response& response : responses_) {
    if (response.status != 503) continue;
    ++refused;
    EXPECT_THAT(response.body, HasSubstr("at most 64 scrapes"));
    EXPECT_THAT(response.headers, HasSubstr("Retry-After: 1\r\n"));
  }
  EXPECT_EQ(refused, 1u);
  harness_.Advance(9 * kCost);
  Ask();
  harness_.Turn();
  EXPECT_EQ(responses_.back().status, 200) << "there is room again";
}

TEST_F(ScrapesTest, AfterARenderingTheNextOnesWaitForNineTimesItsCost) {
  Ask();
  harness_.Turn();
  Ask();
  harness_.Advance(9 * kCost - 1ns);
  Ask();
  EXPECT_EQ(responses_.size(), 1u);
  harness_.Advance(1ns);
  ASSERT_EQ(responses_.size(), 3u);
  EXPECT_EQ(renderings_, 2);
  EXPECT_THAT(responses_[1].body, HasSubstr("\nrenderings 2\n")) << "older than its request";
  harness_.Advance(1h);
  EXPECT_EQ(renderings_, 2) << "nobody asked";
}

// As a connection does whose next request is there already.
TEST_F(ScrapesTest, WhoAsksInsideItsReplyWaitsToo) {
  int replies = 0;
  harness_.loop().AssertOnLoop();
  std::function<void(http::Response && response)> again = [&](http::Response&&) {
    harness_.loop().AssertOnLoop();
    if (++replies < 3) scrapes_.Answer(http::RequestWith({}), again);
  };
  scrapes_.Answer(http::RequestWith({}), again);
  harness_.Turns(5);
  EXPECT_EQ(replies, 1);
  harness_.Advance(9 * kCost);
  harness_.Turns(5);
  EXPECT_EQ(replies, 2);
  harness_.Advance(9 * kCost);
  EXPECT_EQ(replies, 3);
}

TEST_F(ScrapesTest, EachGetsTheFormThatItAsksFor) {
  const std::pair<std::string, std::string> open_metrics = {"Accept",
                                                            "application/openmetrics-text"};
  const std::pair<std::string, std::string> gzip = {"Accept-Encoding", "gzip"};
  for (int i = 0; i < 200; ++i) {  // worth compressing
    registry_.AddCounter("c_total", "C.", {{"i", std::to_string(i)}});
  }
  Ask();
  Ask({gzip});
  Ask({open_metrics});
  Ask({open_metrics, gzip});
  harness_.Turn();
  ASSERT_EQ(responses_.size(), 4u);
  EXPECT_EQ(renderings_, 2) << "one a format";
  for (const std::size_t plain : {0u, 2u}) {
    const http::Response& packed = responses_[plain + 1];
    EXPECT_THAT(responses_[plain].headers, Not(HasSubstr("Content-Encoding")));
    EXPECT_THAT(packed.headers, HasSubstr("Content-Encoding: gzip\r\n"));
    EXPECT_EQ(packed.content_type, responses_[plain].content_type);
    const auto expanded = http::Expand(packed.body, 1U << 20U, [] { return true; });
    ASSERT_TRUE(expanded);
    EXPECT_EQ(*expanded, responses_[plain].body);
  }
  EXPECT_THAT(responses_[2].body, HasSubstr("# EOF\n"));
}

}  // namespace
}  // namespace baton::pages
