// The table, and the reading of it.
#include "server/app/limit_settings.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

#include "server/base/duration_text.h"
#include "server/base/size_text.h"
#include "server/base/whole_number.h"
#include "server/control/key_values.h"

namespace baton::app {
namespace {

constexpr std::size_t kHelpColumn = 34;
constexpr std::size_t kKiB = 1024;
constexpr std::size_t kMiB = 1024 * kKiB;
constexpr std::size_t kGiB = 1024 * kMiB;
constexpr std::size_t kMillion = 1'000'000;

using Settings = LimitSettings&;

// A limit in bytes, a number of things, or a time.
struct Limit {
  enum class Form { kSize, kCount, kTime };

  constexpr Limit(std::string_view its_name, std::size_t from, std::size_t to,
                  std::size_t& (*its_place)(Settings), std::string_view its_help,
                  Form its_form = Form::kSize)
      : name(its_name),
        help(its_help),
        form(its_form),
        smallest(from),
        largest(to),
        number(its_place) {}
  constexpr Limit(std::string_view its_name, Duration from, Duration to,
                  Duration& (*its_place)(Settings), std::string_view its_help)
      : name(its_name),
        help(its_help),
        form(Form::kTime),
        shortest(from),
        longest(to),
        time(its_place) {}

  std::string_view name;
  std::string_view help;
  Form form;
  std::size_t smallest = 0;
  std::size_t largest = 0;
  std::size_t& (*number)(Settings) = nullptr;  // of kSize and kCount
  Duration shortest{};
  Duration longest{};
  Duration& (*time)(Settings) = nullptr;  // of kTime
};
constexpr Limit::Form kCount = Limit::Form::kCount;

constexpr std::array kLimits = {
    Limit{"request_line_bytes", 64, kMiB,
          [](Settings s) -> std::size_t& { return s.session.limits.request_line_bytes; },
          "a request line: 414"},
    Limit{"header_bytes", 256, kMiB,
          [](Settings s) -> std::size_t& { return s.session.limits.header_bytes; },
          "the header lines of a request together: 431"},
    Limit{"header_count", 1, 10'000,
          [](Settings s) -> std::size_t& { return s.session.limits.header_count; },
          "the header lines of a request: 431", kCount},
    Limit{"body_bytes", 1, kGiB,
          [](Settings s) -> std::size_t& { return s.session.limits.body_bytes; },
          "a body, as it is sent: 413"},
    Limit{"chunk_extension_bytes", 0, kMiB,
          [](Settings s) -> std::size_t& { return s.session.limits.chunk_extension_bytes; },
          "the chunk extensions of a request together: 400"},
    Limit{"trailer_bytes", 0, kMiB,
          [](Settings s) -> std::size_t& { return s.session.limits.trailer_bytes; },
          "the trailer lines of a request together: 431"},
    Limit{"forgotten_bytes", 0, kGiB,
          [](Settings s) -> std::size_t& { return s.session.limits.forgotten_bytes; },
          "what is still read of a body whose request has its answer"},
    Limit{"expanded_body_bytes", 1, kGiB,
          [](Settings s) -> std::size_t& { return s.gzip.expanded_body_bytes; },
          "what a body that is sent as gzip may expand to: 413"},
    Limit{"gzip_answer_bytes", 0, kGiB,
          [](Settings s) -> std::size_t& { return s.gzip.answer_bytes; },
          "a prediction that is sent as gzip to whoever takes that, or more"},
    Limit{"json_depth", 1, api::kMaxJsonDepth,
          [](Settings s) -> std::size_t& { return s.json_depth; },
          "JSON arrays and objects inside each other: 400", kCount},
    Limit{"head_time", 1ms, 1h, [](Settings s) -> Duration& { return s.session.timeouts.head; },
          "for the head of a request to arrive: 408"},
    Limit{"body_time", 1ms, 1h, [](Settings s) -> Duration& { return s.session.timeouts.body; },
          "for its body to arrive: 408"},
    Limit{"body_grace", 1ms, 1h,
          [](Settings s) -> Duration& { return s.session.timeouts.body_grace; },
          "for a body before body_rate counts"},
    Limit{"body_rate", 0, kGiB,
          [](Settings s) -> std::size_t& { return s.session.timeouts.body_rate; },
          "of a body in a second, on average; 0B: no such limit: 408"},
    Limit{"write_time", 1ms, 1h, [](Settings s) -> Duration& { return s.session.timeouts.write; },
          "for a client to take the next write_bytes: closed"},
    Limit{"write_bytes", 1, kGiB,
          [](Settings s) -> std::size_t& { return s.session.timeouts.write_bytes; },
          "of its answers that a client takes in each write_time, or all there is"},
    Limit{"idle_time", 1ms, 24h, [](Settings s) -> Duration& { return s.session.timeouts.idle; },
          "between requests: closed"},
    Limit{"linger_time", 1ms, 1h, [](Settings s) -> Duration& { return s.session.timeouts.linger; },
          "for a client to hang up after its last answer: closed"},
    Limit{"connections_per_address", 0, kMillion,
          [](Settings s) -> std::size_t& { return s.connections_per_address; },
          "of one IPv4 address or IPv6 /64 network; 0: no such limit: closed", kCount},
    Limit{"pipelined_requests", 1, 10'000,
          [](Settings s) -> std::size_t& { return s.session.limits.pipelined_requests; },
          "unanswered on one connection: reading waits", kCount},
    Limit{"unsent_bytes", 1, kGiB,
          [](Settings s) -> std::size_t& { return s.session.output_high_bytes; },
          "of answers and unanswered bodies on one connection: reading waits"},
    Limit{"held_bytes", 0, 1024 * kGiB,
          [](Settings s) -> std::size_t& { return s.session.held_bytes; },
          "that a conductor holds of unfinished requests and unsent answers: 503"},
    Limit{"held_free_bytes", 0, kGiB,
          [](Settings s) -> std::size_t& { return s.session.held_free_bytes; },
          "of these, what one connection may hold in any case"},
    Limit{"queued_requests", 1, kMillion,
          [](Settings s) -> std::size_t& { return s.admission.max_waiting; },
          "that wait for a worker: 503", kCount},
    Limit{"queued_bytes", 1, 1024 * kGiB,
          [](Settings s) -> std::size_t& { return s.admission.max_waiting_bytes; },
          "of their bodies together: 503"},
    Limit{"pending_requests", 1, 2 * kMillion,
          [](Settings s) -> std::size_t& { return s.pending_requests; },
          "admitted and unanswered: 503", kCount},
    Limit{"open_files", 1, kMillion, [](Settings s) -> std::size_t& { return s.open_files; },
          "static files, at most 1/8 of the descriptors; 1/4 of them for one client: 503", kCount},
    Limit{"queued_files", 1, kMillion, [](Settings s) -> std::size_t& { return s.queued_files; },
          "requests that wait for a static file to be opened: 503", kCount},
};

constexpr auto kNames = [] {
  std::array<std::string_view, kLimits.size()> names;
  for (std::size_t i = 0; i < names.size(); ++i) names[i] = kLimits[i].name;
  return names;
}();

std::string Shown(const Limit& limit, std::size_t number) {
  return limit.form == kCount ? std::to_string(number) : FormatSize(number);
}

std::string Smallest(const Limit& limit) {
  return limit.time != nullptr ? FormatDuration(limit.shortest) : Shown(limit, limit.smallest);
}

std::string Largest(const Limit& limit) {
  return limit.time != nullptr ? FormatDuration(limit.longest) : Shown(limit, limit.largest);
}

std::string Default(const Limit& limit) {
  LimitSettings defaults;
  return limit.time != nullptr ? FormatDuration(limit.time(defaults))
                               : Shown(limit, limit.number(defaults));
}

Result<std::size_t> ReadCount(const std::string& text) {
  if (const auto number = ParseWholeNumber<std::size_t>(text)) return *number;
  return Fail(ErrorCode::kInvalidArgument, "expected a whole number, got '" + text + "'");
}

Status OutOfRange(const Limit& limit, const std::string& got) {
  return Fail(ErrorCode::kInvalidArgument,
              "is " + got + ", expected " + Smallest(limit) + " to " + Largest(limit));
}

Status Set(const Limit& limit, const std::string& text, Settings settings) {
  if (limit.time != nullptr) {
    const Result<Duration> time = ParseDuration(text);
    if (!time) return tl::unexpected<Error>(time.error());
    if (*time < limit.shortest || *time > limit.longest) return OutOfRange(limit, text);
    limit.time(settings) = *time;
    return {};
  }
  const Result<std::size_t> number = limit.form == kCount ? ReadCount(text) : ParseSize(text);
  if (!number) return tl::unexpected<Error>(number.error());
  if (*number < limit.smallest || *number > limit.largest) return OutOfRange(limit, text);
  limit.number(settings) = *number;
  return {};
}

Status ReadOne(const std::string& text, std::vector<std::string>& given, Settings settings) {
  const Result<control::KeyValue> read = control::ReadKeyValue(text, "--limit", kNames);
  if (!read) return tl::unexpected<Error>(read.error());
  if (std::find(given.begin(), given.end(), read->key) != given.end()) {
    return Fail(ErrorCode::kInvalidArgument, read->key + ": given twice, expected once");
  }
  given.push_back(read->key);
  const auto limit = std::find_if(kLimits.begin(), kLimits.end(),
                                  [&](const Limit& one) { return one.name == read->key; });
  const Status set = Set(*limit, read->value, settings);
  if (set) return {};
  return Fail(ErrorCode::kInvalidArgument, read->key + ": " + set.error().message);
}

// A body that may come at all must not always be one too much.
void CheckRoomForBody(const char* name, std::size_t room, const LimitSettings& settings,
                      std::vector<std::string>& mistakes) {
  const std::size_t body_bytes = settings.session.limits.body_bytes;
  if (room >= body_bytes) return;
  mistakes.push_back(std::string(name) + ": is " + FormatSize(room) +
                     ", expected at least body_bytes, which is " + FormatSize(body_bytes));
}

Status Joined(const std::vector<std::string>& mistakes) {
  std::string message = mistakes.size() == 1 ? "--limit " + mistakes.front()
                                             : std::string("--limit is wrong in places:");
  for (std::size_t i = 0; mistakes.size() > 1 && i < mistakes.size(); ++i) {
    message += "\n  " + mistakes[i];
  }
  return Fail(ErrorCode::kInvalidArgument, std::move(message), "--limit");
}

}  // namespace

Status ReadLimitFlags(const std::vector<std::string>& texts, LimitSettings& limits) {
  LimitSettings wanted = limits;
  std::vector<std::string> given;
  std::vector<std::string> mistakes;
  for (const std::string& text : texts) {
    const Status read = ReadOne(text, given, wanted);
    if (!read) mistakes.push_back(read.error().message);
  }
  CheckRoomForBody("held_bytes", wanted.session.held_bytes, wanted, mistakes);
  CheckRoomForBody("queued_bytes", wanted.admission.max_waiting_bytes, wanted, mistakes);
  if (!mistakes.empty()) return Joined(mistakes);
  limits = wanted;
  return {};
}

std::string LimitsHelp() {
  std::string text;
  for (const Limit& limit : kLimits) {
    const bool is_time = limit.form == Limit::Form::kTime;
    const char* const form = is_time ? "DURATION" : limit.form == kCount ? "N" : "SIZE";
    std::string line = "  " + std::string(limit.name) + "=" + form;
    line.resize(std::max(line.size() + 1, kHelpColumn), ' ');
    text += line + std::string(limit.help) + " (default " + Default(limit) + ", " +
            Smallest(limit) + " to " + Largest(limit) + ")\n";
  }
  return text;
}

}  // namespace baton::app
