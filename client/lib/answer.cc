// Reading of the headers that explain an answer.
#include "client/lib/answer.h"

#include <charconv>
#include <cmath>

namespace baton::client {
namespace {

std::string_view Trim(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
  return text;
}

// Takes what stands before the next `separator` off the front of `text`.
std::string_view TakeUntil(std::string_view& text, char separator) {
  const std::size_t at = text.find(separator);
  const std::string_view part = text.substr(0, at);
  text = at == std::string_view::npos ? std::string_view() : text.substr(at + 1);
  return Trim(part);
}

std::optional<Duration> ParseMillis(std::string_view text) {
  constexpr double kLongest = 24 * 3600e3;
  double millis = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), millis);
  if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (!std::isfinite(millis) || millis < 0 || millis > kLongest) return std::nullopt;
  return Duration(std::llround(millis * 1e6));
}

}  // namespace

std::vector<Stage> ParseServerTiming(std::string_view value) {
  std::vector<Stage> stages;
  while (!value.empty()) {
    std::string_view entry = TakeUntil(value, ',');
    const std::string_view name = TakeUntil(entry, ';');
    while (!entry.empty()) {
      std::string_view parameter = TakeUntil(entry, ';');
      if (TakeUntil(parameter, '=') != "dur") continue;
      const std::optional<Duration> time = ParseMillis(Trim(parameter));
      if (time && !name.empty()) stages.push_back(Stage{std::string(name), *time});
      break;
    }
  }
  return stages;
}

std::optional<Duration> ParseBudgetMs(std::string_view value) { return ParseMillis(Trim(value)); }

std::string AnswerKind(std::string_view answer, int status) {
  if (!answer.empty()) return std::string(answer);
  if (status >= 200 && status < 300) return "ok";
  return "http_" + std::to_string(status);
}

AnswerInfo ReadAnswer(const Response& response) {
  const Headers& headers = response.headers;
  AnswerInfo info;
  info.kind = AnswerKind(headers.Find("Baton-Answer").value_or(""), response.status);
  info.cause = headers.Find("Baton-Cause").value_or("");
  if (const auto budget = headers.Find("Baton-Budget-Ms")) info.budget = ParseBudgetMs(*budget);
  info.retry_after = headers.Find("Retry-After").value_or("");
  if (const auto timing = headers.Find("Server-Timing")) info.stages = ParseServerTiming(*timing);
  return info;
}

}  // namespace baton::client
