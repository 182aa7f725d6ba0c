// Values of headers about files and codings: ranges lie in the file, dates are what they say, and
// what is put before or behind a list changes what it should and nothing else.
#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/http/byte_range.h"
#include "server/http/characters.h"
#include "server/http/conditional.h"
#include "server/http/content_coding.h"
#include "server/http/content_type.h"
#include "server/http/http_date.h"
#include "server/http/response_writer.h"
#include "tests/fuzz/fuzzer.h"
#include "tests/support/make_request.h"

namespace baton::fuzz {
namespace {

using http::ByteRange;
using http::Precondition;
using Headers = std::vector<std::pair<std::string, std::string>>;

constexpr std::string_view kTag = "\"tag\"";
constexpr std::time_t kYear10000 = 253'402'300'800;

std::string Upper(std::string_view text) {
  std::string upper(text);
  for (char& c : upper) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return upper;
}

// A position of a range as the largest number where it is larger; -1 where it is none.
double Position(std::string_view text) {
  if (text.empty() || text.find_first_not_of("0123456789") != text.npos) return -1;
  std::uint64_t number = 0;
  const auto failure = std::from_chars(text.data(), text.data() + text.size(), number).ec;
  return failure == std::errc() ? static_cast<double>(number) : 0x1p64;
}

// For sizes and positions that a double has exactly.
ByteRange RangeByTheBook(std::string_view value, std::uint64_t size) {
  constexpr std::string_view kUnit = "bytes=";
  const ByteRange whole{ByteRange::Kind::kWhole, 0, size};
  if (!http::EqualsIgnoreCase(value.substr(0, kUnit.size()), kUnit)) return whole;
  const std::string_view range = http::Trim(value.substr(kUnit.size()));
  const std::size_t dash = range.find('-');
  if (dash == range.npos) return whole;
  const double first = Position(range.substr(0, dash));
  const double last = Position(range.substr(dash + 1));
  const bool has_first = dash > 0;
  const bool has_last = dash + 1 < range.size();
  if ((has_first && first < 0) || (has_last && last < 0) || (!has_first && !has_last)) return whole;
  const auto all = static_cast<double>(size);
  if (has_first && has_last && last < first) return whole;
  if (has_first ? first >= all : last == 0) return {ByteRange::Kind::kUnsatisfiable, 0, 0};
  const double begin = has_first ? first : all - std::min(last, all);
  const double end = has_first && has_last ? std::min(last + 1, all) : all;
  if (begin == end) return whole;
  return {ByteRange::Kind::kPart, static_cast<std::uint64_t>(begin),
          static_cast<std::uint64_t>(end - begin)};
}

void CheckRange(std::string_view value, Choices& choices) {
  for (const std::uint64_t size : {std::size_t{0}, std::size_t{1}, std::size_t{100},
                                   choices.Below(1000), std::size_t{1} << 40U}) {
    const ByteRange got = http::ChooseRange(value, size);
    const ByteRange book = RangeByTheBook(value, size);
    Require(got.kind == book.kind && got.first == book.first && got.size == book.size,
            "a range by the book", value);
  }
  const ByteRange huge = http::ChooseRange(value, SIZE_MAX);
  Require(huge.size <= SIZE_MAX - huge.first, "a range lies in the file", value);
  Require(huge.kind != ByteRange::Kind::kPart || huge.size > 0, "a part is not empty", value);
}

std::string Written(const char* format, std::time_t time) {
  std::array<char, 64> text{};
  std::tm utc{};
  gmtime_r(&time, &utc);
  return {text.data(), std::strftime(text.data(), text.size(), format, &utc)};
}

int YearOf(std::time_t time) {
  std::tm utc{};
  gmtime_r(&time, &utc);
  return utc.tm_year + 1900;
}

void RequireDate(const std::string& text, std::time_t expected, std::time_t now) {
  Require(http::ParseHttpDate(text, now) == expected, "a date that was written is read", text);
}

void CheckDate(const std::string& value, Choices& choices) {
  const auto now = static_cast<std::time_t>(choices.Below(6'000'000)) * 1000;  // until 2160
  const auto some = static_cast<std::time_t>(choices.Below(253'402'300)) * 1000 +
                    static_cast<std::time_t>(choices.Below(1000));
  RequireDate(Written("%a, %d %b %Y %H:%M:%S GMT", some), some, now);
  RequireDate(std::string(http::DateCache().At(some)), some, now);
  RequireDate(Written("%a %b %e %H:%M:%S %Y", some), some, now);
  const std::time_t near = now + (some % 2'000'000'000 - 1'000'000'000) / 2 * 3;
  const int ahead = YearOf(near) - YearOf(now);
  if (ahead > -50 && ahead <= 50 && near >= 0) {
    RequireDate(Written("%A, %d-%b-%y %H:%M:%S GMT", near), near, now);
  }
  const auto read = http::ParseHttpDate(value, now);
  if (!read) return;
  const int year = YearOf(*read);
  Require(*read <= kYear10000 && year >= 0, "a date has four digits of a year", value);
  if (value.find('-') != value.npos) {
    Require(year > YearOf(now) - 50 && year <= YearOf(now) + 51, "two digits of a year", value);
  }
  if (*read >= 0 && *read < kYear10000)
    RequireDate(std::string(http::DateCache().At(*read)), *read, now);
}

Headers Without(const Headers& headers, std::string_view name) {
  Headers kept;
  for (const auto& header : headers) {
    if (header.first != name) kept.push_back(header);
  }
  return kept;
}

Headers With(Headers headers, std::string_view name, std::string_view value) {
  headers.emplace_back(name, value);
  return headers;
}

bool Has(const Headers& headers, std::string_view name) {
  return std::any_of(headers.begin(), headers.end(),
                     [name](const auto& header) { return header.first == name; });
}

void CheckConditions(const Headers& headers, Choices& choices) {
  const http::Validators file{kTag, static_cast<std::time_t>(choices.Below(2'000'000'000))};
  const std::time_t now = file.last_modified + static_cast<std::time_t>(choices.Below(3));
  const auto check = [&](const Headers& sent) {
    return http::CheckPreconditions(http::RequestWith(sent), file, now);
  };
  const auto counts = [&](const Headers& sent) {
    return http::RangeCounts(http::RequestWith(sent), file, now);
  };
  const Precondition got = check(headers);
  const bool may_fail = Has(headers, "If-Match") || Has(headers, "If-Unmodified-Since");
  const bool may_be_old = Has(headers, "If-None-Match") || Has(headers, "If-Modified-Since");
  Require(got != Precondition::kFailed || may_fail, "nothing fails unasked");
  Require(got != Precondition::kNotModified || may_be_old, "nothing is unmodified unasked");
  const Headers without_match = Without(Without(headers, "If-Match"), "If-Unmodified-Since");
  Require(check(without_match) != Precondition::kFailed, "nothing is left to fail");
  if (got != Precondition::kFailed) {
    Require(check(without_match) == got, "what holds changes nothing");
  }
  Require(check(With(headers, "If-Match", kTag)) != Precondition::kFailed, "its tag matches");
  Require(check(With(without_match, "If-None-Match", kTag)) == Precondition::kNotModified,
          "its tag is the same");
  Require(check(With(without_match, "If-None-Match", "\"a,\", W/" + std::string(kTag))) ==
              Precondition::kNotModified,
          "its weak tag is the same");
  if (Has(headers, "If-None-Match")) {
    Require(check(Without(headers, "If-Modified-Since")) == got, "a date gives way to a tag");
  }
  if (Has(headers, "If-Match")) {
    Require(check(Without(headers, "If-Unmodified-Since")) == got, "a date gives way to a tag");
  }
  const Headers no_range = Without(headers, "If-Range");
  Require(counts(no_range) && counts(With(no_range, "If-Range", kTag)), "a range counts");
  Require(!counts(With(no_range, "If-Range", "W/" + std::string(kTag))), "a weak tag is another");
}

// All values of `name` as one list, in capitals.
Headers Joined(const Headers& headers, std::string_view name) {
  std::string list;
  for (const auto& [each, value] : headers) {
    if (each == name) list += Upper(value) + " ,\t";
  }
  return {{std::string(name), list}};
}

void CheckAccepted(const Headers& headers) {
  constexpr std::string_view kName = "Accept-Encoding";
  const auto takes = [](const Headers& sent) { return http::TakesGzip(http::RequestWith(sent)); };
  Require(!takes(Without(headers, kName)), "nothing is taken unasked");
  Require(takes(headers) == takes(Joined(headers, kName)), "several lines are one list");
  Require(takes(With(headers, kName, "a;q=1, gzip ;q=1.000")), "gzip by name is taken");
  Require(!takes(With(headers, kName, "x-gzip;q=0.0")), "gzip of no weight is not taken");
  Require(!takes(With(headers, kName, "gzip;q=0.5,identity;Q=0.501")), "what weighs more wins");
}

void CheckCoding(const Headers& headers) {
  constexpr std::string_view kName = "Content-Encoding";
  const auto is_gzip = [](const Headers& sent) {
    return http::IsGzipBody(http::RequestWith(sent));
  };
  const Result<bool> got = is_gzip(headers);
  const Result<bool> with_gzip = is_gzip(With(headers, kName, "identity,,gZip"));
  Require(!is_gzip(Without(headers, kName)).value(), "a body is plain by itself");
  Require(with_gzip.has_value() == (got && !*got), "gzip once");
  const Result<bool> joined = is_gzip(Joined(headers, kName));
  Require(got.has_value() == joined.has_value() && (!got || *got == *joined),
          "several lines are one list");
  if (got) return;
  Require(got.error().code == ErrorCode::kUnsupported, "what is no coding is unsupported");
  Require(got.error().message.size() < 200, "a long coding is not repeated whole");
}

void CheckType(const std::string& name) {
  const std::string_view type = http::ContentTypeOf(name);
  Require(type.find('/') != type.npos, "a type is one", type);
  Require(http::ContentTypeOf(Upper(name)) == type, "in any case", name);
  Require(http::ContentTypeOf("a.b/" + name) == type, "in any folder", name);
  Require(http::ContentTypeOf(name + ".Css") == "text/css; charset=utf-8", "the last counts", name);
  if (name.find('.') == name.npos) {
    Require(type == "application/octet-stream", "without an extension", name);
  }
}

// Each line is a value; its first byte says of which header, too.
Headers ReadLines(std::string_view text) {
  constexpr std::array<std::string_view, 7> kNames = {
      "If-Match", "If-Unmodified-Since", "If-None-Match",   "If-Modified-Since",
      "If-Range", "Accept-Encoding",     "Content-Encoding"};
  constexpr std::size_t kMostLines = 8;
  Headers headers;
  while (!text.empty() && headers.size() < kMostLines) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.empty()) continue;
    const std::string_view name = kNames[static_cast<unsigned char>(line[0]) % kNames.size()];
    headers.emplace_back(name, http::Trim(line.substr(1)));
  }
  return headers;
}

}  // namespace
}  // namespace baton::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace fuzz = baton::fuzz;
  const std::string_view input = fuzz::AsText(data, size);
  fuzz::Choices choices(input);
  const fuzz::Headers headers = fuzz::ReadLines(input);
  for (const auto& [name, value] : headers) {
    fuzz::CheckRange(value, choices);
    fuzz::CheckDate(value, choices);
    fuzz::CheckType(value);
  }
  fuzz::CheckConditions(headers, choices);
  fuzz::CheckAccepted(headers);
  fuzz::CheckCoding(headers);
  return 0;
}
