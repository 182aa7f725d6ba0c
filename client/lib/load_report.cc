// Adding up of outcomes.
#include "client/lib/load_report.h"

#include <algorithm>

#include "client/lib/answer.h"

namespace baton::client {
namespace {

// The labels come from the server: one that makes up new ones must not fill the client's memory.
constexpr std::size_t kMostLabels = 64;

void Count(LoadReport::Counts& counts, std::string_view label) {
  auto found = counts.find(label);
  if (found == counts.end() && counts.size() >= kMostLabels) {
    label = "other";
    found = counts.find(label);
  }
  if (found == counts.end()) found = counts.emplace(std::string(label), 0).first;
  ++found->second;
}

bool IsPrediction(const Outcome& outcome) {
  if (outcome.answer.empty()) return outcome.status >= 200 && outcome.status < 300;
  return outcome.answer == "prediction";
}

}  // namespace

std::string_view ToText(End end) {
  switch (end) {
    case End::kAnswered: return "answered";
    case End::kReset: return "reset";
    case End::kEof: return "eof";
    case End::kConnect: return "connect";
    case End::kMalformed: return "malformed";
    case End::kUnanswered: return "unanswered";
    case End::kUnsent: return "unsent";
  }
  return "";
}

bool LoadReport::Generator::WasLimit(std::uint64_t requests) const {
  return lag.Quantile(0.99) > 1ms || waited_for_connection * 100 > requests;
}

void LoadReport::Add(const Outcome& outcome) {
  ++requests_;
  ++ends_[static_cast<std::size_t>(outcome.end)];
  const bool is_answered = outcome.end == End::kAnswered;
  const bool is_late = is_answered && outcome.budget && outcome.latency > *outcome.budget;
  const bool is_good = is_answered && !is_late && IsPrediction(outcome);
  if (is_late) ++late_;
  if (is_good) ++good_;
  windows_.Add(outcome.intended, is_good, is_late);
  if (is_answered) AddAnswer(outcome);
}

void LoadReport::AddAnswer(const Outcome& outcome) {
  if (outcome.answer.empty()) {
    Count(answers_, AnswerKind({}, outcome.status));
  } else {
    Count(answers_, outcome.answer);
  }
  if (!outcome.cause.empty()) Count(causes_, outcome.cause);
  latency_.Add(outcome.latency);
  if (IsPrediction(outcome)) prediction_latency_.Add(outcome.latency);
  if (outcome.answer == "refused") refusal_latency_.Add(outcome.latency);
}

double LoadReport::PerSecond(std::uint64_t count) const {
  return measured_ > Duration::zero() ? static_cast<double>(count) / ToSeconds(measured_) : 0.0;
}

double LoadReport::LateRatio() const {
  const std::uint64_t answered = ended(End::kAnswered);
  return answered == 0 ? 0.0 : static_cast<double>(late_) / static_cast<double>(answered);
}

}  // namespace baton::client
