// The log behind spdlog's asynchronous logger; the only unit that includes spdlog.
#include "server/base/log.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <ctime>
#include <memory>
#include <thread>
#include <utility>

#include <spdlog/async.h>
#include <spdlog/async_logger.h>
#include <spdlog/sinks/sink.h>

#include "server/base/clock.h"
#include "server/base/json_writer.h"
#include "server/base/log_output.h"

namespace baton {
namespace {

using Fields = std::initializer_list<LogField>;

constexpr std::size_t kBufferedLines = 8192;
constexpr std::size_t kWrittenAtOnce = std::size_t{32} << 10;
constexpr Duration kTellsOfLossEvery = 1s;
constexpr std::array<std::string_view, kAllLogModules.size()> kModuleNames = {
    "base", "net", "access", "models", "rpc", "lifecycle", "app", "admin"};

std::array<std::atomic<LogLevel>, kAllLogModules.size()> g_levels{};
std::atomic<LogLevel> g_lowest{LogLevel::kDebug};  // of these
std::array<std::atomic<std::uint64_t>, 4> g_written{};
std::atomic<std::uint64_t> g_dropped_before{0};  // of logs that are gone

// The part of a second that changes is added to what this thread wrote before.
void AppendTimestamp(std::string& line) {
  constexpr std::int64_t kMicrosASecond = 1'000'000;
  thread_local std::time_t last = 0;
  thread_local std::array<char, 24> text{};
  thread_local std::size_t size = 0;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(now).count();
  const auto seconds = static_cast<std::time_t>(micros / kMicrosASecond);
  if (seconds != last || size == 0) {
    std::tm utc{};
    gmtime_r(&seconds, &utc);
    size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &utc);
    last = seconds;
  }
  const std::string fraction = std::to_string(kMicrosASecond + micros % kMicrosASecond);
  line.append(text.data(), size).append(".").append(fraction, 1).append("Z");
}

bool NeedsQuotes(std::string_view value) {
  if (value.empty()) return true;
  return std::any_of(value.begin(), value.end(), [](char c) {
    return c <= ' ' || c == '"' || c == '=' || c == '\\' || c > '~';  // chars may be signed
  });
}

// What terminals and readers of lines take for more than a letter, and JSON lets through: controls
// of 8 bits, ends of lines and paragraphs, and what turns the direction of the text.
std::uint32_t SpecialLetter(std::string_view text) {
  const auto byte = [&text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  if (text.size() >= 2 && byte(0) == 0xC2 && byte(1) < 0xA0) return byte(1);
  if (text.size() < 3 || byte(0) != 0xE2) return 0;
  const std::uint32_t letter = 0x2000U | ((byte(1) & 0x3FU) << 6U) | (byte(2) & 0x3FU);
  const bool is_special = (letter >= 0x200E && letter <= 0x200F) ||
                          (letter >= 0x2028 && letter <= 0x202E) ||
                          (letter >= 0x2066 && letter <= 0x2069);
  return is_special ? letter : 0;
}

void AppendQuoted(std::string& line, std::string_view value) {
  std::string quoted;
  AppendJsonString(quoted, value);
  for (std::size_t i = 0; i < quoted.size(); ++i) {
    const std::uint32_t special = SpecialLetter(std::string_view(quoted).substr(i));
    if (special == 0) {
      line += quoted[i];
      continue;
    }
    fmt::format_to(std::back_inserter(line), "\\u{:04x}", special);
    i += special < 0x100 ? 1 : 2;
  }
}

void AppendNumber(std::string& line, const LogField& field) {
  if (const auto* whole = std::get_if<std::int64_t>(&field.value)) AppendJsonNumber(line, *whole);
  if (const auto* count = std::get_if<std::uint64_t>(&field.value)) AppendJsonNumber(line, *count);
  if (const auto* number = std::get_if<double>(&field.value)) AppendJsonNumber(line, *number);
}

void AppendJson(std::string& line, LogLevel level, std::string_view event, Fields fields) {
  line += "{\"ts\":\"";
  AppendTimestamp(line);
  line.append("\",\"level\":\"").append(ToText(level)).append("\",\"event\":");
  AppendQuoted(line, event);
  for (const LogField& field : fields) {
    line += ',';
    AppendJsonString(line, field.key);
    line += ':';
    if (const auto* text = std::get_if<std::string_view>(&field.value)) {
      AppendQuoted(line, *text);
    } else {
      AppendNumber(line, field);
    }
  }
  line += '}';
}

void AppendText(std::string& line, LogLevel level, std::string_view event, Fields fields) {
  AppendTimestamp(line);
  line.append(" ").append(ToText(level)).append(" event=").append(event);
  for (const LogField& field : fields) {
    line.append(" ").append(field.key).append("=");
    const auto* text = std::get_if<std::string_view>(&field.value);
    if (text == nullptr) {
      AppendNumber(line, field);
    } else if (NeedsQuotes(*text)) {
      AppendQuoted(line, *text);
    } else {
      line += *text;
    }
  }
}

std::string LineOf(bool json, LogLevel level, std::string_view event, Fields fields) {
  constexpr std::size_t kUsual = 512;
  std::string line;
  line.reserve(kUsual);
  json ? AppendJson(line, level, event, fields) : AppendText(line, level, event, fields);
  return line;
}

void CountWritten(LogLevel level) { ++g_written[static_cast<std::size_t>(level)]; }

// Gathers the lines that wait, and writes them once there are no more, or enough.
// Threads: the writer's; lost() any.
class Sink final : public spdlog::sinks::sink {
 public:
  // `writer` outlives its last line.
  Sink(LogOutput& output, bool json, spdlog::details::thread_pool& writer)
      : output_(output), json_(json), writer_(writer) {}

  void log(const spdlog::details::log_msg& message) override {
    lines_.append(message.payload.data(), message.payload.size()).append("\n");
    if (lines_.size() >= kWrittenAtOnce || writer_.queue_size() == 0) {
      WriteLines(writer_.overrun_counter());
    }
  }
  void flush() override {}
  void set_pattern(const std::string&) override {}
  void set_formatter(std::unique_ptr<spdlog::formatter>) override {}

  // Once the writer's thread has ended.
  void Finish(std::uint64_t overrun) {
    WriteLines(overrun);
    TellOfLoss(overrun);
  }
  std::uint64_t lost() const { return lost_; }

 private:
  void WriteLines(std::uint64_t overrun) {
    const SteadyTime now = std::chrono::steady_clock::now();
    if (now - told_at_ >= kTellsOfLossEvery && TellOfLoss(overrun)) told_at_ = now;
    lost_ += output_.Write(lines_);
    lines_.clear();
  }

  // What is lost is not said twice; the line that says it is none of those that are counted as
  // lost.
  bool TellOfLoss(std::uint64_t overrun) {
    const std::uint64_t lost = overrun + lost_;
    if (lost == told_) return false;
    const std::string line =
        LineOf(json_, LogLevel::kWarning, "log_lines_lost", {{"count", lost - told_}}) + "\n";
    if (output_.Write(line) > 0) return false;
    CountWritten(LogLevel::kWarning);
    told_ = lost;
    return true;
  }

  LogOutput& output_;
  const bool json_;
  spdlog::details::thread_pool& writer_;
  std::string lines_;  // that are to be written
  std::uint64_t told_ = 0;
  SteadyTime told_at_;
  std::atomic<std::uint64_t> lost_{0};
};

struct Logger {
  Logger(UniqueFd opened, const LogOptions& options)
      : output(opened.valid() ? std::make_unique<LogOutput>(std::move(opened))
                              : std::make_unique<LogOutput>()),
        file(options.file),
        json(options.format == LogOptions::Format::kJson ||
             (options.format == LogOptions::Format::kAuto && !output->IsTerminal())),
        writer(std::make_shared<spdlog::details::thread_pool>(kBufferedLines, 1)),
        sink(std::make_shared<Sink>(*output, json, *writer)),
        lines(std::make_shared<spdlog::async_logger>(
            "baton", sink, writer, spdlog::async_overflow_policy::overrun_oldest)) {}

  std::uint64_t dropped() const { return writer->overrun_counter() + sink->lost(); }

  const std::unique_ptr<LogOutput> output;
  const std::string file;
  const bool json;
  std::shared_ptr<spdlog::details::thread_pool> writer;  // its end joins the thread
  const std::shared_ptr<Sink> sink;
  const std::shared_ptr<spdlog::async_logger> lines;
};

std::atomic<Logger*> g_logger{nullptr};
std::atomic<int> g_in_use{0};

// The logger, which stays for as long as one of these lives; null where there is none. A worker
// that is stuck in a model may have something to say after the log has ended.
class LoggerInUse {
 public:
  LoggerInUse() {
    ++g_in_use;  // before the look: who takes the logger away counts after that
    logger_ = g_logger.load();
  }
  ~LoggerInUse() { --g_in_use; }
  LoggerInUse(const LoggerInUse&) = delete;
  LoggerInUse& operator=(const LoggerInUse&) = delete;

  explicit operator bool() const { return logger_ != nullptr; }
  Logger* operator->() const { return logger_; }

 private:
  Logger* logger_;
};

// Returns the one before, which nobody uses any more. Where one comes in its place, that is once
// nobody uses either.
std::unique_ptr<Logger> Exchange(std::unique_ptr<Logger> next) {
  std::unique_ptr<Logger> before(g_logger.exchange(next.release()));
  while (before && g_in_use != 0) std::this_thread::yield();
  return before;
}

void Write(LogLevel level, std::string_view event, Fields fields) {
  const LoggerInUse logger;
  if (!logger) return;
  logger->lines->info(LineOf(logger->json, level, event, fields));
  CountWritten(level);
}

}  // namespace

std::string_view ToText(LogModule module) { return kModuleNames[static_cast<std::size_t>(module)]; }

// The path may be of any place where the tree was built: its last "server/" counts.
LogModule LogModuleOf(std::string_view file) {
  constexpr std::string_view kServer = "server/";
  constexpr std::string_view kAdmin = "admin/service/";
  if (file.rfind(kAdmin) != file.npos) return LogModule::kAdmin;
  const std::size_t server = file.rfind(kServer);
  if (server == file.npos) return LogModule::kBase;
  file.remove_prefix(server + kServer.size());
  const std::string_view room = file.substr(0, file.find('/'));
  const auto known = std::find(kModuleNames.begin(), kModuleNames.end(), room);
  return known == kModuleNames.end()
             ? LogModule::kBase
             : kAllLogModules[static_cast<std::size_t>(known - kModuleNames.begin())];
}

LogGuard::LogGuard(const LogOptions& options) {
  SetLogLevels(options.levels());
  UniqueFd opened;
  Status is_open;
  if (!options.file.empty()) {
    Result<UniqueFd> file = LogOutput::OpenFile(options.file);
    if (!file) is_open = tl::unexpected<Error>(file.error());
    if (file) opened = *std::move(file);
  }
  Exchange(std::make_unique<Logger>(std::move(opened), options));
  if (!is_open) Write(LogLevel::kError, "log_not_opened", {{"reason", is_open.error().message}});
}

LogGuard::~LogGuard() {
  const std::unique_ptr<Logger> logger = Exchange(nullptr);
  if (!logger) return;
  logger->output->GiveUp();
  const std::uint64_t overrun = logger->writer->overrun_counter();
  logger->writer.reset();  // joins its thread
  logger->sink->Finish(overrun);
  g_dropped_before += overrun + logger->sink->lost();
}

void SetLogLevels(const LogLevels& levels) {
  LogLevel lowest = LogLevel::kError;
  for (const LogModule module : kAllLogModules) {
    lowest = std::min(lowest, levels.Of(module));
    g_levels[static_cast<std::size_t>(module)] = levels.Of(module);
  }
  g_lowest = lowest;
}

void ReopenLog() {
  const LoggerInUse logger;
  if (!logger) return;
  if (logger->file.empty()) {
    Write(LogLevel::kInfo, "log_not_reopened", {{"reason", "it goes to standard error"}});
    return;
  }
  Result<UniqueFd> file = LogOutput::OpenFile(logger->file);
  if (!file) {
    Write(LogLevel::kError, "log_not_reopened", {{"reason", file.error().message}});
    return;
  }
  logger->output->Replace(*std::move(file));
  Write(LogLevel::kInfo, "log_reopened", {{"file", logger->file}});
}

bool IsLogged(LogLevel level, std::string_view file) {
  return level >= g_lowest.load(std::memory_order_relaxed) &&
         level >= g_levels[static_cast<std::size_t>(LogModuleOf(file))].load();
}

void Log(LogLevel level, std::string_view event, Fields fields, const char* file) {
  // Relaxed: a new level may hold a little later.
  if (level >= g_lowest.load(std::memory_order_relaxed) && IsLogged(level, file)) {
    Write(level, event, fields);
  }
}

void LogAlways(std::string_view event, Fields fields) { Write(LogLevel::kInfo, event, fields); }

std::uint64_t LogLinesWritten(LogLevel level) { return g_written[static_cast<std::size_t>(level)]; }

std::uint64_t LogLinesDropped() {
  const LoggerInUse logger;
  return g_dropped_before + (logger ? logger->dropped() : 0);
}

std::string_view ToText(LogLevel level) {
  constexpr std::array<std::string_view, 4> kNames = {"debug", "info", "warning", "error"};
  return kNames[static_cast<std::size_t>(level)];
}

}  // namespace baton
