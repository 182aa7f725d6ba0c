// The lines of both formats; they differ in the name of a counter's family, units, exemplars and
// the end.
#include "server/metrics/exposition.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

namespace baton::metrics {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricType;

constexpr std::array<std::string_view, 3> kUnits = {"seconds", "bytes", "ratio"};

template <typename Number, typename... How>
void AppendChars(std::string& out, Number number, How... how) {
  std::array<char, 32> text;
  const auto written = std::to_chars(text.data(), text.data() + text.size(), number, how...);
  out.append(text.data(), written.ptr);
}

void AppendNumber(std::string& out, double number) {
  if (std::isnan(number)) {
    out += "NaN";
  } else if (std::isinf(number)) {
    out += number > 0 ? "+Inf" : "-Inf";
  } else {
    AppendChars(out, number);
  }
}

// "+Inf" for infinity; else with a point or an exponent.
std::string BoundText(double bound) {
  std::string text;
  if (std::isinf(bound)) return "+Inf";
  AppendChars(text, bound, std::chars_format::general);
  if (text.find_first_of(".e") == text.npos) text += ".0";
  return text;
}

// Inside quotes.
void AppendEscaped(std::string& out, std::string_view value) {
  for (const char c : value) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '\\' || c == '"') out += '\\';
    out += c;
  }
}

// `name="value",name="value"`
std::string LabelsText(const std::vector<ClientMetric::Label>& labels) {
  std::string text;
  for (const ClientMetric::Label& label : labels) {
    if (!text.empty()) text += ',';
    text.append(label.name).append("=\"");
    AppendEscaped(text, label.value);
    text += '"';
  }
  return text;
}

std::string_view TypeText(MetricType type) {
  switch (type) {
    case MetricType::Counter: return "counter";
    case MetricType::Histogram: return "histogram";
    default: return "gauge";
  }
}

// What a family's name ends in, if it is a unit.
std::string_view UnitOf(std::string_view name) {
  for (const std::string_view unit : kUnits) {
    if (name.size() > unit.size() && name.ends_with(unit) &&
        name[name.size() - unit.size() - 1] == '_') {
      return unit;
    }
  }
  return {};
}

class Writer {
 public:
  Writer(Format format, Duration unix_offset) : format_(format), unix_offset_(unix_offset) {}

  void Family(const CollectedFamily& collected, const std::function<void()>& between);
  std::string Finish() && {
    if (is_open_metrics()) out_ += "# EOF\n";
    return std::move(out_);
  }

 private:
  bool is_open_metrics() const { return format_ == Format::kOpenMetrics; }
  void Comment(std::string_view what, std::string_view name, std::string_view text);
  void Head(const prometheus::MetricFamily& family);
  void Sample(std::string_view name, std::string_view suffix, std::string_view labels);
  void OfHistogram(const std::string& name, const ClientMetric& metric,
                   std::span<const Exemplar> exemplars);
  void Mark(const Exemplar& exemplar);

  const Format format_;
  const Duration unix_offset_;
  std::string out_;
  std::vector<std::string> bounds_;  // of the family that is being written
};

void Writer::Comment(std::string_view what, std::string_view name, std::string_view text) {
  out_.append("# ").append(what).append(" ").append(name).append(" ").append(text).append("\n");
}

void Writer::Head(const prometheus::MetricFamily& family) {
  std::string_view name = family.name;
  std::string help = family.help;
  if (is_open_metrics()) {
    if (family.type == MetricType::Counter) name.remove_suffix(std::string_view("_total").size());
    help.clear();
    AppendEscaped(help, family.help);
  }
  Comment("HELP", name, help);
  Comment("TYPE", name, TypeText(family.type));
  const std::string_view unit = UnitOf(name);
  if (is_open_metrics() && !unit.empty()) Comment("UNIT", name, unit);
}

// All of a line but its number.
void Writer::Sample(std::string_view name, std::string_view suffix, std::string_view labels) {
  out_.append(name).append(suffix);
  if (!labels.empty()) out_.append("{").append(labels).append("}");
  out_ += ' ';
}

void Writer::Mark(const Exemplar& exemplar) {
  out_.append(" # {trace_id=\"").append(ToText(exemplar.trace_id)).append("\"} ");
  AppendNumber(out_, exemplar.value);
  out_ += ' ';
  AppendChars(out_, ToSeconds(exemplar.at.time_since_epoch() + unix_offset_),
              std::chars_format::fixed, 3);
}

void Writer::OfHistogram(const std::string& name, const ClientMetric& metric,
                         std::span<const Exemplar> exemplars) {
  const std::string labels = LabelsText(metric.label);
  std::string bucket = name + "_bucket{" + labels;
  bucket.append(labels.empty() ? "" : ",").append("le=\"");
  for (std::size_t i = 0; i < metric.histogram.bucket.size(); ++i) {
    out_.append(bucket).append(bounds_[i]).append("\"} ");
    AppendChars(out_, metric.histogram.bucket[i].cumulative_count);
    if (i < exemplars.size() && exemplars[i].is_there()) Mark(exemplars[i]);
    out_ += '\n';
  }
  Sample(name, "_sum", labels);
  AppendNumber(out_, metric.histogram.sample_sum);
  out_ += '\n';
  Sample(name, "_count", labels);
  AppendChars(out_, metric.histogram.sample_count);
  out_ += '\n';
}

void Writer::Family(const CollectedFamily& collected, const std::function<void()>& between) {
  const prometheus::MetricFamily& family = collected.family;
  Head(family);
  if (family.type != MetricType::Histogram) {
    for (const ClientMetric& metric : family.metric) {
      between();
      Sample(family.name, "", LabelsText(metric.label));
      const bool is_counter = family.type == MetricType::Counter;
      AppendNumber(out_, is_counter ? metric.counter.value : metric.gauge.value);
      out_ += '\n';
    }
    return;
  }
  bounds_.clear();
  for (const ClientMetric::Bucket& bucket : family.metric.front().histogram.bucket) {
    bounds_.push_back(BoundText(bucket.upper_bound));
  }
  std::span<const Exemplar> exemplars;
  if (is_open_metrics()) exemplars = collected.exemplars;
  for (const ClientMetric& metric : family.metric) {
    between();
    const std::size_t of_this = std::min(exemplars.size(), bounds_.size());
    OfHistogram(family.name, metric, exemplars.first(of_this));
    exemplars = exemplars.subspan(of_this);
  }
}

}  // namespace

std::string Write(const std::vector<CollectedFamily>& families, Format format, Duration unix_offset,
                  const std::function<void()>& between) {
  Writer writer(format, unix_offset);
  for (const CollectedFamily& family : families) writer.Family(family, between);
  return std::move(writer).Finish();
}

}  // namespace baton::metrics
