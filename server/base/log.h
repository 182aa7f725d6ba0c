// Log lines: `ts level event key=value ...`, written by a thread of their own.
//
// A full buffer overruns its oldest line and counts it; the caller never waits for a disk or a
// pipe. Threads: any, while there is a LogGuard.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "server/base/result.h"

namespace baton {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

// Whose line it is: the rooms that write any. A test compares them with the sources.
enum class LogModule { kBase, kNet, kAccess, kModels, kRpc, kLifecycle, kApp, kAdmin };
inline constexpr std::array kAllLogModules = {
    LogModule::kBase, LogModule::kNet,       LogModule::kAccess, LogModule::kModels,
    LogModule::kRpc,  LogModule::kLifecycle, LogModule::kApp,    LogModule::kAdmin};
std::string_view ToText(LogModule module);
// By the room that a source file is in; kBase for a file that is in none of them.
LogModule LogModuleOf(std::string_view file);

// One `key=value` of a line. Numbers are written as numbers, text is quoted where it needs to be.
// Cost: nothing is copied or formatted before a line is written; a text has to live until then.
struct LogField {
  LogField(std::string_view field_key, std::string_view text) : key(field_key), value(text) {}
  LogField(std::string_view field_key, const char* text)
      : LogField(field_key, std::string_view(text)) {}
  LogField(std::string_view field_key, const std::string& text)
      : LogField(field_key, std::string_view(text)) {}
  LogField(std::string_view field_key, std::int64_t number) : key(field_key), value(number) {}
  LogField(std::string_view field_key, int number) : LogField(field_key, std::int64_t{number}) {}
  LogField(std::string_view field_key, std::uint64_t number) : key(field_key), value(number) {}
  LogField(std::string_view field_key, double number) : key(field_key), value(number) {}

  std::string_view key;
  std::variant<std::string_view, std::int64_t, std::uint64_t, double> value;
};

// The least important lines that are written.
struct LogLevels {
  LogLevel level = LogLevel::kInfo;
  // Of single modules, where they have a level of their own.
  std::array<std::optional<LogLevel>, kAllLogModules.size()> of_module{};

  LogLevel Of(LogModule module) const {
    return of_module[static_cast<std::size_t>(module)].value_or(level);
  }
};

struct LogOptions {
  enum class Format { kAuto, kText, kJson };  // kAuto: text on a terminal, else JSON
  Format format = Format::kAuto;
  LogLevel level = LogLevel::kInfo;
  // As in LogLevels.
  std::array<std::optional<LogLevel>, kAllLogModules.size()> of_module{};
  // Lines are appended to it; made where it is not there. Empty: standard error.
  std::string file{};

  LogLevels levels() const { return {level, of_module}; }
};

// What would keep lines from being written to LogOptions::file; makes and changes nothing.
// Errors: kInvalidArgument.
Status CheckLogFile(const std::string& file);

// Keeps the log running; its destructor writes what is still buffered, but waits no longer than a
// second for a pipe that nobody reads. A file that cannot be opened leaves standard error, and a
// line there.
class LogGuard {
 public:
  explicit LogGuard(const LogOptions& options);
  ~LogGuard();
  LogGuard(const LogGuard&) = delete;
  LogGuard& operator=(const LogGuard&) = delete;
};

// From now on. Needs no LogGuard.
void SetLogLevels(const LogLevels& levels);
inline void SetLogLevel(LogLevel level) { SetLogLevels({level, {}}); }

// Opens the file of the log anew, since somebody has renamed it, and says so in a line there. What
// was written before is in the old one; no line is lost or split. Where that fails, lines go
// where they went before, with an error among them. Blocks on the disk.
void ReopenLog();

// Whether lines of that level are written that a file of the sources asks for.
bool IsLogged(LogLevel level, std::string_view file = __builtin_FILE());

// `event` is a name such as "model_loaded". Does nothing without a LogGuard or below the level of
// the module that calls. Cost: then, that of a comparison.
void Log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields = {},
         const char* file = __builtin_FILE());
// The same as information that is written at every level: who has changed what.
void LogAlways(std::string_view event, std::initializer_list<LogField> fields = {});

// Since the start of the process: how many lines there were at `level`, and how many of all these
// were lost: overrun, or not to be written where they should go. Once lines can be written again, a
// line `log_lines_lost` says how many are missing.
std::uint64_t LogLinesWritten(LogLevel level);
std::uint64_t LogLinesDropped();

std::string_view ToText(LogLevel level);

}  // namespace baton
