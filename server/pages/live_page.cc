// Figures as texts, lists as rows of tables.
#include "server/pages/live_page.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <string_view>
#include <vector>

#include "server/pages/html.h"
#include "server/pages/site.h"

namespace baton::pages {
namespace {

constexpr std::size_t kMostMisses = 12;

// 12345 as "12,345".
std::string Grouped(std::uint64_t number) {
  const std::string digits = std::to_string(number);
  std::string text;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) text += ',';
    text += digits[i];
  }
  return text;
}

std::string Fixed(double number, int decimals) {
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), "%.*f", decimals, number);
  return text.data();
}

std::string Rate(double rate) {
  return rate > 0 && rate < 100
             ? Fixed(rate, 1)
             : Grouped(static_cast<std::uint64_t>(std::llround(std::max(0.0, rate))));
}

std::string Millis(Duration duration) {
  const double ms = ToMillis(duration);
  if (ms >= 1000) return Fixed(ms / 1000, 2) + " s";
  if (ms == 0) return "0 ms";
  if (ms < 0.01) return "< 0.01 ms";
  return Fixed(ms, ms < 1 ? 2 : ms < 10 ? 1 : 0) + " ms";
}

std::string Span(Duration duration) {
  const auto seconds = static_cast<std::uint64_t>(std::max(0.0, ToSeconds(duration)));
  const auto both = [](std::uint64_t whole, const char* unit, std::uint64_t part,
                       const char* of_it) {
    return std::to_string(whole) + unit + std::to_string(part) + of_it;
  };
  if (seconds < 60) return std::to_string(seconds) + " s";
  if (seconds < 3600) return both(seconds / 60, " min ", seconds % 60, " s");
  if (seconds < 86400) return both(seconds / 3600, " h ", seconds % 3600 / 60, " min");
  return both(seconds / 86400, " d ", seconds % 86400 / 3600, " h");
}

// Rows of a table; what is put in is text.
class Rows {
 public:
  Rows& Begin() {
    html_ += "<tr>";
    return *this;
  }
  Rows& Head(std::string_view text) {
    html_ += "<th scope=\"row\">" + EscapeHtml(text) + "</th>";
    return *this;
  }
  Rows& Cell(std::string_view text, std::string_view kind = "") {
    html_ += kind.empty() ? "<td>" : "<td class=\"" + std::string(kind) + "\">";
    html_ += EscapeHtml(text) + "</td>";
    return *this;
  }
  Rows& Number(std::string_view text) { return Cell(text, "n"); }
  void End() { html_ += "</tr>"; }
  // A row that says that there are none.
  std::string TakeOr(int columns, std::string_view otherwise) {
    if (!html_.empty()) return std::move(html_);
    return "<tr><td class=\"empty\" colspan=\"" + std::to_string(columns) + "\">" +
           EscapeHtml(otherwise) + "</td></tr>";
  }

 private:
  std::string html_;
};

struct Advice {
  std::string_view cause;
  std::string_view meaning;
  std::string_view what_to_do;
};

constexpr std::array kAdvice = {
    Advice{"no_time",
           "It would have waited too long for a worker, or nobody may wait for an endpoint that is "
           "not known yet.",
           "More workers while cores are idle, batches, less load, or another machine."},
    Advice{"queue_full", "As many requests wait as may, or a conductor is overloaded.",
           "Less load, or another machine; more in the queue would only be late."},
    Advice{"budget_too_small", "The model takes longer than this budget, even when it is alone.",
           "A larger budget, or a faster model as its fallback."},
    Advice{"pending_full", "As many requests are unanswered as may be.",
           "Look for a stuck model; else raise the limit of pending requests."},
    Advice{"expired_in_queue", "It waited until it could not have been in time any more.",
           "Runs take longer than they did: look at the median run, and at stuck workers."},
    Advice{"expired_running", "Its run was not over when the answer was due.",
           "Runs vary: a larger budget, or a fallback for those that take long."},
    Advice{"backend_error", "The model failed.", "Look into the log, and at the model's input."},
    Advice{"model_unavailable", "The model is known and does not answer now.",
           "Look at its state below: load it, or mend what it failed of."},
    Advice{"draining", "The server is on its way out.", "Nothing: balancers have been told."},
};

std::string CauseRows(const control::StatusSample& sample) {
  std::string html;
  for (const Advice& advice : kAdvice) {
    const auto counted = std::find_if(sample.causes.begin(), sample.causes.end(),
                                      [&](const auto& one) { return one.name == advice.cause; });
    const bool is_there = counted != sample.causes.end();
    html += "<tr data-cause=\"" + std::string(advice.cause) + "\"";
    html += is_there && counted->total > 0 ? ">" : " hidden>";
    Rows cells;
    cells.Head(advice.cause)
        .Number(Rate(is_there ? counted->per_second : 0))
        .Number(Grouped(is_there ? counted->total : 0))
        .Cell(advice.meaning, "wide")
        .Cell(advice.what_to_do, "wide")
        .End();
    html += cells.TakeOr(0, "");
  }
  return html;
}

// What missed most just now, or else since the start.
std::string MainCause(const control::EndpointLoad& load) {
  const auto most = std::max_element(
      load.causes.begin(), load.causes.end(), [](const auto& one, const auto& other) {
        return std::pair(one.per_second, one.total) < std::pair(other.per_second, other.total);
      });
  return most == load.causes.end() ? "" : most->name;
}

std::string EndpointRows(const control::StatusSample& sample) {
  Rows rows;
  for (const control::EndpointLoad& load : sample.endpoints) {
    rows.Begin().Head(load.name).Number(Rate(load.goodput_per_second));
    rows.Number(Rate(load.offered_per_second)).Number(Rate(load.misses_per_second));
    rows.Number(Grouped(load.misses_total)).Cell(MainCause(load), "nowrap");
    rows.Number(Grouped(load.in_flight)).Number(Grouped(load.waiting));
    rows.Number(Millis(load.predicted_wait));
    rows.Number(load.median > Duration::zero() ? Millis(load.median) : "–");
    rows.Number(Millis(load.default_budget)).End();
  }
  return rows.TakeOr(11, "no endpoints");
}

// The same words as the script's.
std::string Ledger(const control::MissState& miss) {
  std::string said;
  const auto say = [&said](const std::string& more) { said += (said.empty() ? "" : ", ") + more; };
  if (miss.predicted_wait) {
    say("predicted " + Millis(*miss.predicted_wait) + " to wait" +
        (miss.most_wait ? " (" + Millis(*miss.most_wait) + " at most)" : "") +
        (miss.predicted_service ? " and " + Millis(*miss.predicted_service) + " to run" : ""));
  }
  if (!miss.admitted) {
    say("not let in");
  } else if (!miss.started) {
    say("waited " + Millis(miss.answered.value_or(*miss.admitted) - *miss.admitted) +
        ", never started");
  } else {
    say("waited " + Millis(*miss.started - *miss.admitted));
    say(miss.finished ? "ran " + Millis(*miss.finished - *miss.started)
                      : "ran on when the answer was due");
  }
  if (miss.answered) say("answered after " + Millis(*miss.answered));
  return said;
}

std::string UtcTime(std::int64_t unix_ms) {
  const std::time_t seconds = unix_ms / 1000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%H:%M:%SZ", &utc);
  return text.data();
}

std::string MissRows(const control::StatusSample& sample, Told told) {
  Rows rows;
  if (told == Told::kFigures) return rows.TakeOr(7, "not shown");
  for (std::size_t i = 0; i < std::min(kMostMisses, sample.misses.size()); ++i) {
    const control::MissState& miss = sample.misses[i];
    rows.Begin().Cell(UtcTime(miss.arrived_unix_ms), "nowrap").Head(miss.endpoint);
    rows.Cell(miss.answer).Cell(miss.cause, "nowrap").Number(Millis(miss.budget));
    rows.Cell(Ledger(miss), "wide").Cell("", "js-only").End();
  }
  return rows.TakeOr(7, "none so far");
}

std::string AnswersText(const control::ModelState& model, const control::ModelVersionState& one) {
  if (!one.answers) return "no";
  if (one.version == model.canary_version) {
    return "canary, " + Fixed(100 * model.canary_share, 0) + " %";
  }
  return one.version == model.default_version ? "yes, by default" : "yes";
}

std::string ModelRows(const control::StatusSample& sample, Told told) {
  Rows rows;
  for (const control::ModelState& model : sample.models) {
    for (const control::ModelVersionState& one : model.versions) {
      rows.Begin().Head(model.name).Cell(one.version);
      rows.Cell(one.state, one.state == "failed" ? "bad nowrap" : "nowrap");
      rows.Cell(AnswersText(model, one)).Cell(one.platform);
      const std::string& reason = one.reason.empty() ? model.reason : one.reason;
      rows.Cell(told == Told::kAll ? reason : "").End();
    }
  }
  return rows.TakeOr(6, "no models");
}

std::string ConductorRows(const control::StatusSample& sample) {
  Rows rows;
  for (const control::ConductorLoad& one : sample.conductors) {
    rows.Begin().Head(std::to_string(one.number)).Cell(one.overload_level, "nowrap");
    rows.Number(Millis(one.worst_lag)).Number(Grouped(one.connections)).End();
  }
  return rows.TakeOr(4, "none");
}

std::string BacklogRows(const control::StatusSample& sample) {
  Rows rows;
  for (const control::BacklogState& one : sample.backlogs) {
    rows.Begin().Head(one.listener).Number(Grouped(one.depth)).Number(Grouped(one.limit));
    rows.Number(Grouped(one.drops_total)).End();
  }
  return rows.TakeOr(4, "none");
}

std::string PoolNote(const control::PoolState& pool) {
  std::string note;
  if (pool.retiring > 0) note = std::to_string(pool.retiring) + " retiring";
  if (pool.zombies > 0) {
    note += (note.empty() ? "" : ", ") + std::to_string(pool.zombies) +
            " stuck in runs nobody waits for";
  }
  return note;
}

std::string Count(int number) { return Grouped(static_cast<std::uint64_t>(std::max(0, number))); }

}  // namespace

std::string LivePage(const control::StatusSample& sample, Told told) {
  const control::ServerState& server = sample.server;
  const bool has_missed = std::any_of(sample.causes.begin(), sample.causes.end(),
                                      [](const auto& one) { return one.total > 0; });
  return FillTemplate(
      SiteText("live.html"),
      {{"state", std::string(StateOf(server))},
       {"version", EscapeHtml(server.version)},
       {"uptime", Span(server.uptime)},
       {"link", "as of " + UtcTime(sample.at_unix_ms)},
       {"goodput", Rate(sample.goodput_per_second)},
       {"offered", Rate(sample.offered_per_second)},
       {"misses", Rate(sample.misses_per_second)},
       {"late", Grouped(server.late_answers_total)},
       {"wait", Millis(sample.longest_predicted_wait)},
       {"queue", Grouped(server.queue_depth)},
       {"pending", Grouped(server.pending_responses)},
       {"busy", Count(server.pool.busy)},
       {"workers", Count(server.pool.size)},
       {"pool-note", PoolNote(server.pool)},
       {"connections", Grouped(server.connections)},
       {"no-misses", has_missed ? " hidden" : ""},
       {"causes", CauseRows(sample)},
       {"endpoints", EndpointRows(sample)},
       {"last-note-hidden", told == Told::kAll ? " hidden" : ""},
       {"last-note",
        "Single requests are shown to who may read the admin API without a token: on loopback, "
        "where the server has no token file. With one, batonctl misses shows them."},
       {"last", MissRows(sample, told)},
       {"models", ModelRows(sample, told)},
       {"conductors", ConductorRows(sample)},
       {"backlogs", BacklogRows(sample)}});
}

}  // namespace baton::pages
