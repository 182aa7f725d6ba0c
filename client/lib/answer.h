// What a Baton server says about how a request ended, read off a response's headers.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "client/lib/response.h"
#include "server/base/clock.h"

namespace baton::client {

// One stage of a request's life (read, queue, batch, run, write) and how long it took.
struct Stage {
  std::string name;
  Duration time = Duration::zero();
};

// The value of a Server-Timing header. Entries without a `dur` and what cannot be read are left
// out.
std::vector<Stage> ParseServerTiming(std::string_view value);

// The value of a Baton-Budget-Ms header; empty when it is no number of milliseconds.
std::optional<Duration> ParseBudgetMs(std::string_view value);

// The kind of answer: `answer` (a Baton-Answer header) where it is not empty; else "ok" for a 2xx
// and "http_<status>" for the rest, so that any HTTP server can be asked.
std::string AnswerKind(std::string_view answer, int status);

struct AnswerInfo {
  std::string kind;
  std::string cause;               // empty when the answer is a prediction, or names none
  std::optional<Duration> budget;  // as granted
  std::string retry_after;         // as sent, in seconds
  std::vector<Stage> stages;
};

AnswerInfo ReadAnswer(const Response& response);

}  // namespace baton::client
