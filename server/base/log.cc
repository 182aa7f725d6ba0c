// The log behind spdlog's asynchronous logger; the only unit that includes spdlog.
#include "server/base/log.h"

#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <memory>
#include <unistd.h>

#include <spdlog/async.h>
#include <spdlog/async_logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include "server/base/json_writer.h"

namespace baton {
namespace {

constexpr std::size_t kBufferedLines = 8192;

struct Logger {
  // `writer` goes first, which joins its thread: every reference to `lines` has been given up by
  // then.
  std::shared_ptr<spdlog::async_logger> lines;
  std::shared_ptr<spdlog::details::thread_pool> writer;
  bool json = false;
};

std::atomic<Logger*> g_logger{nullptr};
std::atomic<LogLevel> g_level{LogLevel::kInfo};
std::array<std::atomic<std::uint64_t>, 4> g_written{};
std::atomic<std::uint64_t> g_dropped_before{0};

std::string Timestamp() {
  const auto now = std::chrono::system_clock::now();
  const auto micros =
      std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch()).count();
  const auto seconds = static_cast<std::time_t>(micros / 1000000);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::array<char, 40> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &utc);
  return fmt::format("{}.{:06}Z", std::string_view(text.data(), size), micros % 1000000);
}

bool NeedsQuotes(std::string_view value) {
  if (value.empty()) return true;
  for (const char c : value) {
    if (c <= ' ' || c == '"' || c == '=' || c == '\\' || c == '\x7f') return true;
  }
  return false;
}

std::string AsJson(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) {
  std::string line;
  JsonWriter json(line);
  json.BeginObject();
  json.Key("ts").String(Timestamp());
  json.Key("level").String(ToText(level));
  json.Key("event").String(event);
  for (const LogField& field : fields) {
    json.Key(field.key);
    if (field.is_number) {
      json.Raw(field.value);
    } else {
      json.String(field.value);
    }
  }
  json.EndObject();
  return line;
}

std::string AsText(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) {
  std::string line = fmt::format("{} {} event={}", Timestamp(), ToText(level), event);
  for (const LogField& field : fields) {
    line.append(" ").append(field.key).append("=");
    if (!field.is_number && NeedsQuotes(field.value)) {
      AppendJsonString(line, field.value);
    } else {
      line += field.value;
    }
  }
  return line;
}

}  // namespace

LogField::LogField(std::string_view field_key, double number) : key(field_key), is_number(true) {
  AppendJsonNumber(value, number);
}

LogGuard::LogGuard(const LogOptions& options) {
  auto logger = std::make_unique<Logger>();
  logger->json = options.format == LogOptions::Format::kJson ||
                 (options.format == LogOptions::Format::kAuto && isatty(STDERR_FILENO) == 0);
  logger->writer = std::make_shared<spdlog::details::thread_pool>(kBufferedLines, 1);
  logger->lines = std::make_shared<spdlog::async_logger>(
      "baton", std::make_shared<spdlog::sinks::stderr_sink_mt>(), logger->writer,
      spdlog::async_overflow_policy::overrun_oldest);
  logger->lines->set_pattern("%v");
  logger->lines->flush_on(spdlog::level::info);
  g_level = options.level;
  delete g_logger.exchange(logger.release());
}

namespace {

void Write(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) {
  Logger* const logger = g_logger.load();
  if (logger == nullptr) return;
  logger->lines->info(logger->json ? AsJson(level, event, fields) : AsText(level, event, fields));
  ++g_written[static_cast<std::size_t>(level)];
}

}  // namespace

LogGuard::~LogGuard() {
  const std::unique_ptr<Logger> logger(g_logger.exchange(nullptr));
  if (logger) g_dropped_before += logger->writer->overrun_counter();
}

void SetLogLevel(LogLevel level) { g_level = level; }

void Log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) {
  if (level >= g_level.load()) Write(level, event, fields);
}

void LogAlways(std::string_view event, std::initializer_list<LogField> fields) {
  Write(LogLevel::kInfo, event, fields);
}

std::uint64_t LogLinesWritten(LogLevel level) { return g_written[static_cast<std::size_t>(level)]; }

std::uint64_t LogLinesDropped() {
  Logger* const logger = g_logger.load();
  return g_dropped_before + (logger != nullptr ? logger->writer->overrun_counter() : 0);
}

std::string_view ToText(LogLevel level) {
  constexpr std::array<std::string_view, 4> kNames = {"debug", "info", "warning", "error"};
  return kNames[static_cast<std::size_t>(level)];
}

}  // namespace baton
