// Negotiation of the form, and the pace.
#include "server/pages/scrape.h"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <string_view>
#include <utility>

#include "server/http/content_coding.h"
#include "server/http/error_response.h"
#include "server/http/field_list.h"
#include "server/http/gzip.h"

namespace baton::pages {
namespace {

constexpr int kPausePerCost = 9;  // a tenth of a core, unless cut short by the next line
constexpr Duration kLongestPause = 250ms;
constexpr int kFullWeight = 1000;

// An element of Accept: "text/plain;version=0.0.4;q=0.5".
struct MediaRange {
  std::string_view type;
  std::string_view version;  // empty: any
  int weight = kFullWeight;
};

MediaRange ReadMediaRange(std::string_view element) {
  MediaRange read;
  std::size_t semicolon = element.find(';');
  read.type = http::Trim(element.substr(0, semicolon));
  while (semicolon != element.npos) {
    element.remove_prefix(semicolon + 1);
    semicolon = element.find(';');
    const std::string_view parameter = http::Trim(element.substr(0, semicolon));
    const std::size_t equals = std::min(parameter.find('='), parameter.size());
    const std::string_view name = parameter.substr(0, equals);
    const std::string_view value = parameter.substr(std::min(equals + 1, parameter.size()));
    if (http::EqualsIgnoreCase(name, "version")) read.version = value;
    if (http::EqualsIgnoreCase(name, "q")) read.weight = http::Thousandths(value);
  }
  return read;
}

// What a range that names the type by `type`, or by one of its wildcards, says of one of its
// versions: the most specific range counts.
class Preference {
 public:
  Preference(std::string_view type, std::string_view version) : type_(type), version_(version) {}

  void See(const MediaRange& range) {
    if (!range.version.empty() && range.version != version_) return;
    const int specificity = SpecificityOf(range.type) + (range.version.empty() ? 0 : 1);
    if (specificity == 0 || specificity < seen_) return;
    weight_ = specificity > seen_ ? range.weight : std::max(weight_, range.weight);
    seen_ = specificity;
  }
  bool is_named() const { return seen_ >= kNamed; }
  int weight() const { return weight_; }

 private:
  static constexpr int kNamed = 5;

  int SpecificityOf(std::string_view range) const {
    const std::string_view group = type_.substr(0, type_.find('/') + 1);
    if (http::EqualsIgnoreCase(range, type_)) return kNamed;
    if (range.ends_with("/*") && http::EqualsIgnoreCase(range.substr(0, range.size() - 1), group)) {
      return 3;
    }
    return range == "*/*" ? 1 : 0;
  }

  const std::string_view type_;
  const std::string_view version_;
  int seen_ = 0;  // specificity of what weight_ comes from
  int weight_ = 0;
};

Duration SinceUnixEpoch() {
  return std::chrono::duration_cast<Duration>(std::chrono::system_clock::now().time_since_epoch());
}

}  // namespace

metrics::Format FormatFor(const http::Request& request) {
  Preference open_metrics("application/openmetrics-text", "1.0.0");
  Preference text("text/plain", "0.0.4");
  http::ForEachElement(request, "Accept", [&](std::string_view element) {
    const MediaRange range = ReadMediaRange(element);
    open_metrics.See(range);
    text.See(range);
    return true;
  });
  const bool wins = open_metrics.is_named() && open_metrics.weight() > 0 &&
                    open_metrics.weight() >= text.weight();
  return wins ? metrics::Format::kOpenMetrics : metrics::Format::kText;
}

Scrapes::Scrapes(net::EventLoop& loop, metrics::Registry& registry, CpuTime cpu_time,
                 Turns::Yield yield)
    : loop_(loop), registry_(registry), cpu_time_(cpu_time), yield_(yield) {
  registry_.AddGauge("baton_scrape_duration_seconds",
                     "How long the previous scrape took to answer.", {},
                     [this] { return last_seconds_.load(); });
}

Duration Scrapes::OfThread() {
  timespec taken{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &taken);
  return std::chrono::seconds(taken.tv_sec) + Duration(taken.tv_nsec);
}

void Scrapes::Answer(const http::Request& request, Reply reply) {
  if (waiting_.size() >= kMostWaiting) {
    loop_.RunAt(loop_.Now(), [refused = std::move(reply)] {
      refused(http::TryLater("expected at most " + std::to_string(kMostWaiting) +
                             " scrapes that wait at once"));
    });
    return;
  }
  const Form form{FormatFor(request), http::TakesGzip(request)};
  waiting_.push_back({form, std::move(reply)});
  Arm();
}

void Scrapes::Arm() {
  if (is_armed_ || waiting_.empty()) return;
  is_armed_ = true;
  loop_.RunAt(std::max(loop_.Now(), not_before_), [this] {
    loop_.AssertOnLoop();
    AnswerAll();
  });
}

void Scrapes::AnswerAll() {
  const SteadyTime began = loop_.ReadClock();
  const Duration cpu_before = cpu_time_();
  Rendered rendered;
  // A reply may bring the next request of its connection.
  for (const Waiting& one : std::exchange(waiting_, {})) one.reply(Render(one.form, rendered));
  const SteadyTime ended = loop_.ReadClock();
  last_seconds_ = ToSeconds(ended - began);
  not_before_ = ended + std::min(kPausePerCost * (cpu_time_() - cpu_before), kLongestPause);
  is_armed_ = false;
  Arm();
}

http::Response Scrapes::Render(Form form, Rendered& rendered) {
  Turns turns(yield_);
  const auto offer = [this, &turns] { turns.Offer(loop_.ReadClock()); };
  const auto at = static_cast<std::size_t>(form.format);
  std::string& plain = rendered.plain[at];
  if (plain.empty()) {
    const Duration unix_offset = SinceUnixEpoch() - loop_.ReadClock().time_since_epoch();
    plain = registry_.Expose(form.format, unix_offset, offer);
  }
  std::string& gzip = rendered.gzip[at];
  if (form.is_gzip && gzip.empty()) {
    const auto go_on = [&offer] {
      offer();
      return true;
    };
    gzip = http::Compress(plain, go_on).value_or(std::string());
  }
  const bool is_gzip = form.is_gzip && !gzip.empty();
  http::Response response;
  response.content_type = metrics::ContentTypeOf(form.format);
  http::AppendHeader(response.headers, "Vary", "Accept, Accept-Encoding");
  if (is_gzip) http::AppendHeader(response.headers, "Content-Encoding", "gzip");
  response.body = is_gzip ? gzip : plain;
  return response;
}

}  // namespace baton::pages
