// The picture: where its points lie, and that no text can break it.
#include "client/lib/overload_chart.h"

#include <cstdio>
#include <regex>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/client/overload_sample.h"

namespace baton::client {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

struct Point {
  double x = 0;
  double y = 0;
};

std::vector<Point> PointsOf(const std::string& svg, const std::string& line) {
  const std::regex points("<polyline class=\"" + line + "\" points=\"([^\"]*)\"");
  std::smatch match;
  std::vector<Point> found;
  if (!std::regex_search(svg, match, points)) return found;
  const std::string text = match[1];
  Point point;
  for (std::size_t at = 0; at < text.size(); at = text.find(' ', at) + 1) {
    if (std::sscanf(text.c_str() + at, "%lf,%lf", &point.x, &point.y) != 2) break;
    found.push_back(point);
    if (text.find(' ', at) == std::string::npos) break;
  }
  return found;
}

// The height of the label that says `text`.
double LabelHeight(const std::string& svg, const std::string& text) {
  const std::regex label("y=\"([0-9.]+)\">" + text + "</text>");
  std::smatch match;
  return std::regex_search(svg, match, label) ? std::stod(match[1]) : -1;
}

TEST(OverloadChartTest, PointsLieByTheLogarithmOfTheLoadAndByTheShareOfThePeak) {
  OverloadResult result = SampleOverload();
  result.curves[0].steps = {SampleStep(0.5, 100), SampleStep(1, 200), SampleStep(2, 150)};
  const std::vector<Point> points = PointsOf(ToSvg(result), "line line0");
  ASSERT_THAT(points, SizeIs(3));
  const double bottom = PointsOf(ToSvg(result), "line line1").back().y;  // a goodput of 0
  EXPECT_NEAR(points[1].x - points[0].x, points[2].x - points[1].x, 0.2);
  EXPECT_GT(points[1].x, points[0].x);
  EXPECT_NEAR((bottom - points[0].y) / (bottom - points[1].y), 0.5, 0.01);
  EXPECT_NEAR((bottom - points[2].y) / (bottom - points[1].y), 0.75, 0.01);
}

TEST(OverloadChartTest, TheIdealRisesToTheCapacityAndStaysThere) {
  const std::string svg = ToSvg(SampleOverload());
  const std::vector<Point> ideal = PointsOf(svg, "ideal");
  const std::vector<Point> baton = PointsOf(svg, "line line0");
  ASSERT_GT(ideal.size(), 10U);
  EXPECT_NEAR(ideal.front().y, baton.front().y, 0.2);  // all that is offered at 0.5x
  EXPECT_NEAR(ideal.back().y, baton.back().y, 0.2);    // the peak
  for (const Point& point : ideal) EXPECT_GE(point.y, ideal.back().y - 0.2);
}

TEST(OverloadChartTest, TheIdealIsNoLessThanWhatWasSeen) {
  OverloadResult result = SampleOverload();
  result.capacity = 160;
  const std::string svg = ToSvg(result);
  EXPECT_NEAR(PointsOf(svg, "ideal").back().y, PointsOf(svg, "line line0").back().y, 0.2);
}

TEST(OverloadChartTest, LinesEndInTheirNames) {
  EXPECT_THAT(ToSvg(SampleOverload()),
              AllOf(HasSubstr(">baton 100 %</text>"), HasSubstr(">fifo 0 %</text>"),
                    HasSubstr("load offered, times the capacity"),
                    HasSubstr("goodput, share of the peak")));
}

TEST(OverloadChartTest, NamesOfLinesThatEndTogetherDoNotOverlap) {
  OverloadResult result = SampleOverload();
  for (const double goodput : {0.0, 100.0, 200.0}) {
    result.curves[0].steps.back().goodput = SpreadOf({goodput});
    result.curves[1].steps.back().goodput = SpreadOf({goodput});
    const std::string svg = ToSvg(result);
    const double baton = LabelHeight(svg, "baton [0-9]+ %");
    const double fifo = LabelHeight(svg, "fifo [0-9]+ %");
    EXPECT_GE(fifo - baton, 17) << svg;
  }
}

TEST(OverloadChartTest, WhiskersShowTheSpreadOfRepeats) {
  OverloadResult result = SampleOverload();
  EXPECT_THAT(ToSvg(result), Not(HasSubstr("class=\"whisker ")));
  result.curves[1].steps[1].goodput = SpreadOf({140, 150, 170});
  EXPECT_THAT(ToSvg(result), HasSubstr("<line class=\"whisker whisker1\""));
}

TEST(OverloadChartTest, TextCannotBecomeMarkup) {
  EXPECT_EQ(EscapeXml("a<b>&\"c'\n\xff"), "a&lt;b&gt;&amp;&quot;c&#39;??");
  OverloadResult result = SampleOverload();
  result.curves[0].name = "<script>";
  result.target = "POST /x?a=1&b=<2>";
  EXPECT_THAT(ToSvg(result), AllOf(Not(HasSubstr("<script>")), HasSubstr("&lt;script&gt; 100 %"),
                                   HasSubstr("POST /x?a=1&amp;b=&lt;2&gt;")));
}

TEST(OverloadChartTest, NoFigureIsEverOutOfNumbers) {
  OverloadResult result = SampleOverload();
  result.capacity = 0;
  result.curves.pop_back();
  result.curves[0].steps = {SampleStep(3, 0)};
  EXPECT_THAT(ToSvg(result),
              AllOf(StartsWith("<svg "), Not(HasSubstr("nan")), Not(HasSubstr("inf"))));
}

}  // namespace
}  // namespace baton::client
