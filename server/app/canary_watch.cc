// Windows of counts.
#include "server/app/canary_watch.h"

#include <vector>

namespace baton::app {
namespace {

constexpr Duration kEvery = 1s;

}  // namespace

// What a client did wrong, or left without waiting for, says nothing about a version.
CanaryWatch::Counts CanaryWatch::CountsOf(const api::ServedVersion& version) {
  const serve::VersionTotals totals = version.books.Totals();
  Counts counts;
  for (const serve::Answer answer : serve::kAllAnswers) {
    const std::uint64_t count = totals.answers[static_cast<std::size_t>(answer)];
    if (answer == serve::Answer::kInvalid || answer == serve::Answer::kNone) continue;
    counts.requests += count;
    if (IsMiss(answer)) counts.misses += count;
    if (answer == serve::Answer::kError) counts.errors += count;
  }
  return counts;
}

serve::VersionWindow CanaryWatch::Since(const Counts& before, const Counts& now) {
  return {now.requests - before.requests, now.misses - before.misses, now.errors - before.errors};
}

void CanaryWatch::Look(SteadyTime now) {
  if (now - looked_ < kEvery) return;
  looked_ = now;
  std::vector<const KeptModel*> with_canary;
  for (const auto& [name, model] : shelf_.models()) {
    if (model.canary) {
      with_canary.push_back(&model);
    } else {
      trials_.erase(name);
    }
  }
  for (const KeptModel* const model : with_canary) LookAt(*model, now);
}

void CanaryWatch::LookAt(const KeptModel& model, SteadyTime now) {
  if (!model.Answers(model.chosen) || !model.Answers(model.canary->number)) return;
  const models::CanaryConfig& config = model.canary->config;
  const api::ServedVersion& stable = *model.versions.at(model.chosen).served;
  const api::ServedVersion& canary = *model.versions.at(model.canary->number).served;
  Trial& trial = trials_[model.name];
  if (trial.stable != stable.identity || trial.canary != canary.identity) {
    trial = {stable.identity, canary.identity, {}};
  }
  trial.notes.push_back({now, CountsOf(stable), CountsOf(canary)});
  while (trial.notes.size() > 2 && now - trial.notes[1].at >= config.window) {
    trial.notes.pop_front();
  }
  const Note& first = trial.notes.front();
  const Note& last = trial.notes.back();
  const serve::CanaryVerdict verdict =
      serve::JudgeCanary(Since(first.stable, last.stable), Since(first.canary, last.canary),
                         {.margin = config.margin, .min_requests = config.min_requests});
  if (verdict.rolls_back) shelf_.TakeBackCanary(model.name, verdict.reason);
}

}  // namespace baton::app
