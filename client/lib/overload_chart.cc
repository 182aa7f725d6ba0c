// Drawing of the curves, by hand and without a library: lines, circles and text.
#include "client/lib/overload_chart.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <vector>

#include <fmt/format.h>

#include "client/lib/overload_text.h"
#include "server/base/check.h"
#include "server/base/duration_text.h"

namespace baton::client {
namespace {

constexpr double kWidth = 800;
constexpr double kHeight = 460;
constexpr double kLeft = 88;  // the plot's edges
constexpr double kRight = 640;
constexpr double kTop = 84;
constexpr double kBottom = 390;
constexpr double kLabelHeight = 18;

// The colours of the lines keep their distance for colour-blind readers, on white and on black.
constexpr std::string_view kStyle = R"(<style>
  svg { font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; }
  text { fill: #57606a; font-size: 13px; }
  .paper { fill: #ffffff; }
  .title { fill: #1f2328; font-size: 18px; font-weight: 600; }
  .grid { stroke: #d8dee4; stroke-width: 1; }
  .axis { stroke: #8c959f; stroke-width: 1; }
  .ideal { stroke: #8c959f; stroke-width: 1.5; stroke-dasharray: 6 5; fill: none; }
  .line { stroke-width: 2.5; stroke-linejoin: round; stroke-linecap: round; fill: none; }
  .whisker { stroke-width: 1.5; }
  .name { font-size: 14px; font-weight: 600; }
  .line0, .whisker0 { stroke: #0969da; } .dot0, .name0 { fill: #0969da; }
  .line1, .whisker1 { stroke: #bc4c00; } .dot1, .name1 { fill: #bc4c00; }
  @media (prefers-color-scheme: dark) {
    text { fill: #9198a1; }
    .paper { fill: #0d1117; }
    .title { fill: #f0f6fc; }
    .grid { stroke: #262c36; }
    .axis, .ideal { stroke: #6e7681; }
    .line0, .whisker0 { stroke: #58a6ff; } .dot0, .name0 { fill: #58a6ff; }
    .line1, .whisker1 { stroke: #f0883e; } .dot1, .name1 { fill: #f0883e; }
  }
</style>
)";
constexpr std::size_t kColours = 2;

// Where a factor and a share of the peak are on the paper.
class Scale {
 public:
  explicit Scale(const OverloadResult& result) : peak_(result.Peak()) {
    std::vector<double> factors;
    for (const OverloadCurve& curve : result.curves) {
      for (const OverloadStep& step : curve.steps) factors.push_back(step.factor);
    }
    BATON_CHECK(!factors.empty());
    std::sort(factors.begin(), factors.end());
    factors.erase(std::unique(factors.begin(), factors.end()), factors.end());
    // A closed loop may find less than an open one, and the ideal is no less than what was seen.
    ideal_rate_ = std::max(result.capacity, peak_);
    capacity_ = result.capacity;
    highest_ = std::max(1.0, Share(ideal_rate_)) * 1.06;
    for (const OverloadCurve& curve : result.curves) {
      for (const OverloadStep& step : curve.steps) {
        highest_ = std::max(highest_, Share(step.goodput.high) * 1.02);
      }
    }
    factors_ = std::move(factors);
  }

  const std::vector<double>& factors() const { return factors_; }  // ascending
  double highest() const { return highest_; }
  double Share(double rate) const { return peak_ > 0 ? rate / peak_ : 0; }
  double IdealShare(double factor) const {
    return Share(std::min(factor * capacity_, ideal_rate_));
  }
  // Where the ideal stops rising.
  double IdealBend() const { return capacity_ > 0 ? ideal_rate_ / capacity_ : 1; }

  double X(double factor) const {
    const double span = std::log(factors_.back() / factors_.front());
    if (span <= 0) return (kLeft + kRight) / 2;
    const double part = std::log(factor / factors_.front()) / span;
    return kLeft + 14 + part * (kRight - kLeft - 28);
  }
  double Y(double share) const { return kBottom - share / highest_ * (kBottom - kTop); }

 private:
  double peak_;
  double capacity_ = 0;
  double ideal_rate_ = 0;
  double highest_ = 1;
  std::vector<double> factors_;
};

template <typename... Args>
void Draw(std::string& svg, fmt::format_string<Args...> format, Args&&... args) {
  fmt::format_to(std::back_inserter(svg), format, std::forward<Args>(args)...);
  svg += '\n';
}

void DrawHead(std::string& svg, const OverloadResult& result) {
  Draw(
      svg,
      R"(<svg xmlns="http://www.w3.org/2000/svg" width="{0:g}" height="{1:g}" viewBox="0 0 {0:g} {1:g}" role="img">)",
      kWidth, kHeight);
  svg += "<title>Goodput under overload</title>\n";
  svg += kStyle;
  Draw(svg, R"(<rect class="paper" width="{:g}" height="{:g}" rx="10"/>)", kWidth, kHeight);
  Draw(svg, R"(<text class="title" x="{:g}" y="36">Goodput under overload</text>)", kLeft);
  const std::string what = fmt::format("{}, budget {}; 1x is {:.4g} requests/s", result.target,
                                       FormatDuration(result.budget), result.capacity);
  Draw(svg, R"(<text x="{:g}" y="58">{}</text>)", kLeft, EscapeXml(what));
}

void DrawGrid(std::string& svg, const Scale& scale) {
  for (int percent = 0; percent <= 100 * scale.highest(); percent += 20) {
    const double y = scale.Y(percent / 100.0);
    Draw(svg, R"(<line class="{}" x1="{:g}" y1="{:.1f}" x2="{:g}" y2="{:.1f}"/>)",
         percent == 0 ? "axis" : "grid", kLeft, y, kRight, y);
    Draw(svg, R"(<text x="{:g}" y="{:.1f}" text-anchor="end">{} %</text>)", kLeft - 10, y + 4.5,
         percent);
  }
  constexpr double kNarrowest = 36;  // two labels nearer to each other would overlap
  double last_label = -kNarrowest;
  for (const double factor : scale.factors()) {
    const double x = scale.X(factor);
    Draw(svg, R"(<line class="grid" x1="{0:.1f}" y1="{1:g}" x2="{0:.1f}" y2="{2:g}"/>)", x, kTop,
         kBottom);
    if (x - last_label < kNarrowest) continue;
    Draw(svg, R"(<text x="{:.1f}" y="{:g}" text-anchor="middle">{}</text>)", x, kBottom + 20,
         FactorText(factor));
    last_label = x;
  }
}

void DrawAxisTitles(std::string& svg) {
  const double middle = (kTop + kBottom) / 2;
  Draw(svg,
       R"(<text x="{:g}" y="{:g}" text-anchor="middle">load offered, times the capacity</text>)",
       (kLeft + kRight) / 2, kBottom + 46);
  Draw(
      svg,
      R"svg(<text x="26" y="{0:g}" text-anchor="middle" transform="rotate(-90 26 {0:g})">goodput, share of the peak</text>)svg",
      middle);
}

void DrawIdeal(std::string& svg, const Scale& scale) {
  // On a logarithmic axis what rises in proportion is bent: it is drawn in short pieces.
  constexpr int kPieces = 48;
  const double first = scale.factors().front();
  const double last = scale.factors().back();
  std::vector<double> at = {std::clamp(scale.IdealBend(), first, last)};
  for (int i = 0; i <= kPieces; ++i) {
    at.push_back(first * std::pow(last / first, static_cast<double>(i) / kPieces));
  }
  std::sort(at.begin(), at.end());
  std::string points;
  for (const double factor : at) {
    points += fmt::format("{}{:.1f},{:.1f}", points.empty() ? "" : " ", scale.X(factor),
                          scale.Y(scale.IdealShare(factor)));
  }
  Draw(svg, R"(<polyline class="ideal" points="{}"/>)", points);
  Draw(
      svg,
      R"(<text x="{:g}" y="{:.1f}" text-anchor="end">ideal: all that is offered, up to capacity</text>)",
      kRight, scale.Y(scale.IdealShare(last)) - 7);
}

void DrawCurve(std::string& svg, const Scale& scale, const OverloadCurve& curve,
               std::size_t colour) {
  std::string points;
  for (const OverloadStep& step : curve.steps) {
    points += fmt::format("{}{:.1f},{:.1f}", points.empty() ? "" : " ", scale.X(step.factor),
                          scale.Y(scale.Share(step.goodput.median)));
  }
  Draw(svg, R"(<polyline class="line line{}" points="{}"/>)", colour, points);
  for (const OverloadStep& step : curve.steps) {
    const double x = scale.X(step.factor);
    if (step.goodput.high > step.goodput.low) {
      Draw(
          svg,
          R"(<line class="whisker whisker{0}" x1="{1:.1f}" y1="{2:.1f}" x2="{1:.1f}" y2="{3:.1f}"/>)",
          colour, x, scale.Y(scale.Share(step.goodput.low)),
          scale.Y(scale.Share(step.goodput.high)));
    }
    Draw(svg, R"(<circle class="dot{}" cx="{:.1f}" cy="{:.1f}" r="4"/>)", colour, x,
         scale.Y(scale.Share(step.goodput.median)));
  }
}

struct Label {
  double y;
  std::size_t colour;
  std::string text;
};

// Names that fit beside the plot; the rest of a longer one is left out.
std::string NameFor(const OverloadCurve& curve, double share) {
  constexpr std::size_t kLongest = 14;
  const std::string name =
      curve.name.size() <= kLongest ? curve.name : curve.name.substr(0, kLongest - 3) + "...";
  return fmt::format("{} {:.0f} %", name, 100 * share);
}

void DrawNames(std::string& svg, const Scale& scale, const OverloadResult& result) {
  std::vector<Label> labels;
  for (std::size_t i = 0; i < result.curves.size(); ++i) {
    const OverloadCurve& curve = result.curves[i];
    if (curve.steps.empty()) continue;
    const double share = scale.Share(curve.steps.back().goodput.median);
    labels.push_back(Label{scale.Y(share) + 5, i % kColours, NameFor(curve, share)});
  }
  std::stable_sort(labels.begin(), labels.end(),
                   [](const Label& a, const Label& b) { return a.y < b.y; });
  // Each keeps below the one above it, and the last ones above the plot's lower edge.
  for (std::size_t i = 1; i < labels.size(); ++i) {
    labels[i].y = std::max(labels[i].y, labels[i - 1].y + kLabelHeight);
  }
  double lowest = kBottom + 5;
  for (std::size_t i = labels.size(); i-- > 0; lowest = labels[i].y - kLabelHeight) {
    labels[i].y = std::min(labels[i].y, lowest);
  }
  for (const Label& label : labels) {
    Draw(svg, R"(<text class="name name{}" x="{:g}" y="{:.1f}">{}</text>)", label.colour,
         kRight + 8, label.y, EscapeXml(label.text));
  }
}

}  // namespace

std::string EscapeXml(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default: out += c >= ' ' && c <= '~' ? c : '?';
    }
  }
  return out;
}

std::string ToSvg(const OverloadResult& result) {
  const Scale scale(result);
  std::string svg;
  DrawHead(svg, result);
  DrawGrid(svg, scale);
  DrawAxisTitles(svg);
  DrawIdeal(svg, scale);
  for (std::size_t i = 0; i < result.curves.size(); ++i) {
    DrawCurve(svg, scale, result.curves[i], i % kColours);
  }
  DrawNames(svg, scale, result);
  svg += "</svg>\n";
  return svg;
}

}  // namespace baton::client
