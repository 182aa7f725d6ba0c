// `batonctl top` and `batonctl watch`: a server at work, seen once an interval.
#include "admin/ctl/top.h"

#include <array>
#include <cstddef>
#include <ctime>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>

#include "admin/ctl/frame.h"
#include "admin/ctl/printing.h"
#include "admin/ctl/screen.h"
#include "admin/ctl/snapshot.h"
#include "admin/ctl/status_watch.h"
#include "admin/ctl/table.h"
#include "server/base/json_writer.h"

namespace baton::ctl {
namespace {

constexpr Duration kBetweenUpdates = 1s;
constexpr int kRowsAHead = 20;  // on a terminal the heads come again

std::string ClockText() {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  std::array<char, 16> text{};
  std::strftime(text.data(), text.size(), "%H:%M:%S", &local);
  return text.data();
}

// The server tells of itself once a second; whoever looks more often asks it.
class Looks {
 public:
  explicit Looks(const Lookout& lookout) : client_(lookout.reach, lookout.timeout) {
    if (lookout.interval >= kBetweenUpdates) watch_.emplace(client_, lookout.timeout);
  }

  // How it is now; waits for news where the server tells of itself.
  Result<Snapshot> Take() {
    if (!watch_) return TakeSnapshot(client_);
    const Result<admin::v1::StatusUpdate> update = watch_->Next();
    if (!update) return tl::unexpected<Error>(update.error());
    return ToSnapshot(*update);
  }

 private:
  AdminClient client_;
  std::optional<StatusWatch> watch_;
};

// Two looks, one interval apart.
Result<std::pair<Snapshot, Snapshot>> TakeTwo(Looks& looks, Duration interval) {
  Result<Snapshot> before = looks.Take();
  if (!before) return tl::unexpected<Error>(before.error());
  std::this_thread::sleep_for(interval);
  Result<Snapshot> after = looks.Take();
  if (!after) return tl::unexpected<Error>(after.error());
  return std::pair(*std::move(before), *std::move(after));
}

ExitCode PrintOnce(const Lookout& lookout, const Look& look) {
  Looks looks(lookout);
  const auto two = TakeTwo(looks, lookout.interval);
  if (!two) return Complain(two.error());
  FrameSize size;
  if (look.width > 0) size.columns = look.width;
  return Print(Frame(two->first, two->second, lookout.reach.server, size, look));
}

// The last two looks, of which the first may be missing.
struct Seen {
  std::optional<Snapshot> before;
  std::optional<Snapshot> last;
  std::string error;
};

void LookAgain(Looks& looks, Seen& seen) {
  Result<Snapshot> now = looks.Take();
  if (!now) {
    seen.error = now.error().message;
    return;
  }
  seen.error.clear();
  seen.before = std::exchange(seen.last, *std::move(now));
}

std::string Picture(const Seen& seen, const std::string& server, FrameSize size, const Look& look) {
  const std::string foot =
      CutTo(seen.error.empty() ? "q quits   " + ClockText() : seen.error, size.columns) + "\n";
  if (!seen.last) return foot;
  const Snapshot& before = seen.before ? *seen.before : *seen.last;
  const FrameSize rest{size.columns, size.lines - 1};
  return Frame(before, *seen.last, server, rest, look) + foot;
}

struct Figure {
  std::string_view head;
  std::string_view key;
  std::string text;
};

std::vector<Figure> FiguresOf(const Snapshot& before, const Snapshot& after) {
  const Rates rates = RatesOf(before, after);
  const auto& status = after.status;
  return {{"GOODPUT/S", "goodput_per_second", RateText(rates.goodput)},
          {"OFFERED/S", "offered_per_second", RateText(rates.offered)},
          {"MISSES/S", "misses_per_second", RateText(rates.misses)},
          {"QUEUE", "queue_depth", std::to_string(status.queue_depth())},
          {"UNANSWERED", "pending_responses", std::to_string(status.pending_responses())},
          {"BUSY", "busy_workers", std::to_string(status.pool().busy())},
          {"SIZE", "pool_size", std::to_string(status.pool().size())},
          {"CONNECTIONS", "connections", std::to_string(status.connections())}};
}

std::string Line(const std::vector<Figure>& figures, bool is_head) {
  std::string text = is_head ? "TIME    " : ClockText();
  for (const Figure& figure : figures) {
    const std::string cell = is_head ? std::string(figure.head) : figure.text;
    const std::size_t width = figure.head.size() + 2;
    text.append(width > cell.size() ? width - cell.size() : 1, ' ');
    text += cell;
  }
  return text + "\n";
}

std::string JsonLine(const std::vector<Figure>& figures) {
  std::string text;
  JsonWriter json(text);
  json.BeginObject();
  for (const Figure& figure : figures) json.Key(figure.key).Raw(figure.text);
  json.EndObject();
  return text + "\n";
}

std::string YamlLines(const std::vector<Figure>& figures) {
  std::string text = "---\n";
  for (const Figure& figure : figures) {
    text += std::string(figure.key) + ": " + figure.text + "\n";
  }
  return text;
}

std::string ToText(const std::vector<Figure>& figures, const Look& look, int number) {
  if (look.format == Look::Format::kJson) return JsonLine(figures);
  if (look.format == Look::Format::kYaml) return YamlLines(figures);
  const bool has_heads = number == 0 || (look.width > 0 && number % kRowsAHead == 0);
  return (has_heads ? Line(figures, true) : "") + Line(figures, false);
}

}  // namespace

ExitCode RunTop(const Command& command, const Lookout& lookout, const Look& look) {
  if (command.once) return PrintOnce(lookout, look);
  if (!HasTerminal()) {
    return Complain(ExitCode::kUsage, "top needs a terminal; --once prints one frame");
  }
  const Screen screen;
  Looks looks(lookout);
  const SystemClock clock;
  Seen seen;
  LookAgain(looks, seen);
  for (SteadyTime next = clock.Now() + lookout.interval;;) {
    screen.Draw(Picture(seen, lookout.reach.server, screen.size(), look));
    if (screen.Wait(next - clock.Now()) == Screen::Event::kQuit) return ExitCode::kOk;
    if (clock.Now() < next) continue;
    LookAgain(looks, seen);
    next = clock.Now() + lookout.interval;
  }
}

ExitCode RunWatch(const Command& command, const Lookout& lookout, const Look& look) {
  Looks looks(lookout);
  Result<Snapshot> before = looks.Take();
  if (!before) return Complain(before.error());
  for (int number = 0; command.count == 0 || number < command.count; ++number) {
    std::this_thread::sleep_for(lookout.interval);
    Result<Snapshot> after = looks.Take();
    if (!after) return Complain(after.error());
    const ExitCode printed = Print(ToText(FiguresOf(*before, *after), look, number));
    if (printed != ExitCode::kOk) return printed;
    before = std::move(after);
  }
  return ExitCode::kOk;
}

}  // namespace baton::ctl
