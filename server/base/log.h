// Log lines: `ts level event key=value ...`, written by a thread of their own.
//
// A full buffer overruns its oldest line and counts it; the caller never waits for a disk or a
// pipe. Threads: any, after StartLogging and until the LogGuard goes.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace baton {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

// One `key=value` of a line. Numbers are written as numbers, text is quoted where it needs to be.
struct LogField {
  LogField(std::string_view field_key, std::string_view text) : key(field_key), value(text) {}
  LogField(std::string_view field_key, const char* text) : key(field_key), value(text) {}
  LogField(std::string_view field_key, const std::string& text) : key(field_key), value(text) {}
  LogField(std::string_view field_key, std::int64_t number)
      : key(field_key), value(std::to_string(number)), is_number(true) {}
  LogField(std::string_view field_key, int number) : LogField(field_key, std::int64_t{number}) {}
  LogField(std::string_view field_key, std::uint64_t number)
      : key(field_key), value(std::to_string(number)), is_number(true) {}
  LogField(std::string_view field_key, double number);

  std::string_view key;
  std::string value;
  bool is_number = false;
};

struct LogOptions {
  enum class Format { kAuto, kText, kJson };  // kAuto: text on a terminal, else JSON
  Format format = Format::kAuto;
  LogLevel level = LogLevel::kInfo;
};

// Keeps the log running; its destructor writes what is still buffered. Lines go to standard error.
class LogGuard {
 public:
  explicit LogGuard(const LogOptions& options);
  ~LogGuard();
  LogGuard(const LogGuard&) = delete;
  LogGuard& operator=(const LogGuard&) = delete;
};

// The least important lines that are written, from now on. Needs no LogGuard.
void SetLogLevel(LogLevel level);

// `event` is a name such as "model_loaded". Does nothing without a LogGuard or below its level.
void Log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields = {});
// The same as information that is written at every level: who has changed what.
void LogAlways(std::string_view event, std::initializer_list<LogField> fields = {});

// How many lines were written at `level`, and how many were overrun, since the start of the
// process.
std::uint64_t LogLinesWritten(LogLevel level);
std::uint64_t LogLinesDropped();

std::string_view ToText(LogLevel level);

}  // namespace baton
