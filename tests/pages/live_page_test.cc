// The live page without its script, and the same sample as JSON.
#include "server/pages/live_page.h"

#include <string>

#include <gmock/gmock.h>

#include "server/pages/sample_json.h"

namespace baton::pages {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kHostile = "</script><img src=x onerror=\"alert('1')\">";

control::MissState MissOf(std::string endpoint) {
  control::MissState miss;
  miss.endpoint = std::move(endpoint);
  miss.budget = 50ms;
  miss.answer = "timeout";
  miss.cause = "expired_in_queue";
  miss.predicted_wait = 30ms;
  miss.most_wait = 33ms;
  miss.admitted = 1ms;
  miss.answered = 46ms;
  return miss;
}

control::StatusSample SampleWith(std::string_view name) {
  control::StatusSample sample;
  sample.number = 7;
  sample.at_unix_ms = 1'700'000'000'000;
  sample.goodput_per_second = 1234.4;
  sample.server.ready = true;
  sample.server.version = std::string(name);
  control::EndpointLoad load;
  load.name = std::string(name);
  load.misses_per_second = 4.5;
  load.causes = {{"no_time", 90, 1}, {"expired_running", 3, 2}};
  sample.endpoints.push_back(load);
  sample.causes = {{"no_time", 12'345, 4.5}, {"draining", 0, 0}};
  control::ModelState model;
  model.name = std::string(name);
  model.versions.push_back({"1", "failed", std::string(name), false, std::string(name)});
  sample.models.push_back(model);
  sample.misses.push_back(MissOf(std::string(name)));
  return sample;
}

TEST(LivePageTest, FiguresAndListsAreThere) {
  const std::string page = LivePage(SampleWith("tumour"), Told::kAll);
  EXPECT_THAT(page, AllOf(HasSubstr("data-state=\"ready\""), HasSubstr(">1,234<"),
                          HasSubstr("<th scope=\"row\">tumour</th>"), HasSubstr("12,345"),
                          HasSubstr("failed"), HasSubstr("22:13:20Z")));
}

TEST(LivePageTest, OfAnEndpointTheCauseOfMostMissesNowIsNamed) {
  const std::string page = LivePage(SampleWith("tumour"), Told::kAll);
  EXPECT_THAT(page, HasSubstr("<td class=\"nowrap\">expired_running</td>"));
}

TEST(LivePageTest, CausesOfNoMissAreHidden) {
  const std::string page = LivePage(SampleWith("tumour"), Told::kAll);
  EXPECT_THAT(page, AllOf(HasSubstr("<tr data-cause=\"no_time\">"),
                          HasSubstr("<tr data-cause=\"draining\" hidden>"),
                          HasSubstr("id=\"no-misses\" class=\"note\" hidden>")));
  EXPECT_THAT(LivePage({}, Told::kAll), HasSubstr("id=\"no-misses\" class=\"note\">"));
}

TEST(LivePageTest, AMissTellsWhereItsTimeWent) {
  EXPECT_THAT(LivePage(SampleWith("tumour"), Told::kAll),
              HasSubstr("predicted 30 ms to wait (33 ms at most), waited 45 ms, never "
                        "started, answered after 46 ms"));
}

TEST(LivePageTest, HostileNamesAreText) {
  const std::string page = LivePage(SampleWith(kHostile), Told::kAll);
  EXPECT_THAT(page, AllOf(Not(HasSubstr("<img src=x")), HasSubstr("&lt;img src=x"),
                          Not(HasSubstr("onerror=\""))));
}

TEST(LivePageTest, WhoMayNotLookSeesNoSingleRequests) {
  const std::string page = LivePage(SampleWith("tumour"), Told::kFigures);
  EXPECT_THAT(page, AllOf(Not(HasSubstr("expired_in_queue</td>")), HasSubstr("not shown"),
                          HasSubstr("id=\"last-note\">Single requests are shown to")));
}

TEST(LivePageTest, WhyAModelFailedIsForWhoMayLook) {
  control::StatusSample sample = SampleWith("tumour");
  sample.models[0].reason = "no file at /srv/one";
  sample.models[0].versions.push_back({"2", "failed", "no file at /srv/two", false, ""});
  sample.models[0].versions[0].reason = "";
  const auto shows = AllOf(HasSubstr("/srv/one"), HasSubstr("/srv/two"));
  const auto hides = AllOf(Not(HasSubstr("/srv/")), HasSubstr("failed"));
  EXPECT_THAT(LivePage(sample, Told::kAll), shows);
  EXPECT_THAT(LivePage(sample, Told::kFigures), hides);
  std::string all;
  AppendSample(all, sample, Told::kAll);
  EXPECT_THAT(all, shows);
  std::string figures;
  AppendSample(figures, sample, Told::kFigures);
  EXPECT_THAT(figures, hides);
}

TEST(SampleJsonTest, SingleRequestsAreForWhoMayLook) {
  std::string all;
  AppendSample(all, SampleWith("tumour"), Told::kAll);
  EXPECT_THAT(all, AllOf(HasSubstr("\"misses\":[{\"request_id\":\"0\""),
                         HasSubstr("\"started_ms\":null,"), HasSubstr("\"answered_ms\":46,")));
  std::string figures;
  AppendSample(figures, SampleWith("tumour"), Told::kFigures);
  EXPECT_THAT(figures, HasSubstr("\"misses\":null}"));
}

TEST(SampleJsonTest, HostileNamesCannotEndAnEvent) {
  std::string text;
  AppendSample(text, SampleWith("two\n\nlines\r\ndata: x"), Told::kAll);
  EXPECT_THAT(text, AllOf(Not(HasSubstr("\n")), Not(HasSubstr("\r"))));
}

}  // namespace
}  // namespace baton::pages
