// The three forms, piece by piece: no strptime, which speaks the language of the locale.
#include "server/http/http_date.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <span>

namespace baton::http {
namespace {

constexpr std::array<std::string_view, 7> kShortDays = {"Mon", "Tue", "Wed", "Thu",
                                                        "Fri", "Sat", "Sun"};
constexpr std::array<std::string_view, 7> kLongDays = {
    "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

// Takes pieces off the front of a text; once one does not fit, it has failed for good.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  bool IsDone() const { return is_good_ && rest_.empty(); }

  void Literal(std::string_view expected) {
    is_good_ = is_good_ && rest_.starts_with(expected);
    if (is_good_) rest_.remove_prefix(expected.size());
  }

  int Digits(std::size_t count) {
    int number = 0;
    is_good_ = is_good_ && rest_.size() >= count;
    for (std::size_t i = 0; is_good_ && i < count; ++i) {
      is_good_ = rest_[i] >= '0' && rest_[i] <= '9';
      number = number * 10 + (rest_[i] - '0');
    }
    if (is_good_) rest_.remove_prefix(count);
    return number;
  }

  // Two digits, of which the first may be a blank.
  int PaddedDigits() {
    if (!rest_.starts_with(' ')) return Digits(2);
    Literal(" ");
    return Digits(1);
  }

  // Which of `names`, from 0.
  unsigned OneOf(std::span<const std::string_view> names) {
    const auto starts = [this](std::string_view name) { return rest_.starts_with(name); };
    const auto found = std::find_if(names.begin(), names.end(), starts);
    is_good_ = is_good_ && found != names.end();
    if (!is_good_) return 0;
    rest_.remove_prefix(found->size());
    return static_cast<unsigned>(found - names.begin());
  }

 private:
  std::string_view rest_;
  bool is_good_ = true;
};

struct Moment {
  int year = 0;
  unsigned month = 0;  // from 0
  int day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
};

void ReadTime(Reader& reader, Moment& moment) {
  moment.hour = reader.Digits(2);
  reader.Literal(":");
  moment.minute = reader.Digits(2);
  reader.Literal(":");
  moment.second = reader.Digits(2);
}

bool ReadFixdate(std::string_view text, Moment& moment) {
  Reader reader(text);
  reader.OneOf(kShortDays);
  reader.Literal(", ");
  moment.day = reader.Digits(2);
  reader.Literal(" ");
  moment.month = reader.OneOf(kMonths);
  reader.Literal(" ");
  moment.year = reader.Digits(4);
  reader.Literal(" ");
  ReadTime(reader, moment);
  reader.Literal(" GMT");
  return reader.IsDone();
}

bool ReadRfc850(std::string_view text, int year_now, Moment& moment) {
  Reader reader(text);
  reader.OneOf(kLongDays);
  reader.Literal(", ");
  moment.day = reader.Digits(2);
  reader.Literal("-");
  moment.month = reader.OneOf(kMonths);
  reader.Literal("-");
  moment.year = year_now - year_now % 100 + reader.Digits(2);
  if (moment.year > year_now + 50) moment.year -= 100;
  if (moment.year <= year_now - 50) moment.year += 100;
  reader.Literal(" ");
  ReadTime(reader, moment);
  reader.Literal(" GMT");
  return reader.IsDone();
}

bool ReadAsctime(std::string_view text, Moment& moment) {
  Reader reader(text);
  reader.OneOf(kShortDays);
  reader.Literal(" ");
  moment.month = reader.OneOf(kMonths);
  reader.Literal(" ");
  moment.day = reader.PaddedDigits();
  reader.Literal(" ");
  ReadTime(reader, moment);
  reader.Literal(" ");
  moment.year = reader.Digits(4);
  return reader.IsDone();
}

std::optional<std::time_t> ToTime(const Moment& moment) {
  using std::chrono::sys_days;
  const std::chrono::year_month_day date(std::chrono::year(moment.year),
                                         std::chrono::month(moment.month + 1),
                                         std::chrono::day(static_cast<unsigned>(moment.day)));
  if (!date.ok() || moment.hour > 23 || moment.minute > 59 || moment.second > 60) {
    return std::nullopt;  // 60: a leap second
  }
  const auto days = sys_days(date).time_since_epoch();
  return (days.count() * 24 + moment.hour) * 3600 + moment.minute * 60 + moment.second;
}

}  // namespace

std::optional<std::time_t> ParseHttpDate(std::string_view text, std::time_t now) {
  std::tm utc{};
  gmtime_r(&now, &utc);
  Moment moment;
  const bool is_read = ReadFixdate(text, moment) || ReadRfc850(text, utc.tm_year + 1900, moment) ||
                       ReadAsctime(text, moment);
  return is_read ? ToTime(moment) : std::nullopt;
}

}  // namespace baton::http
