// Listeners, and connections, which their conductors alone know, but for those over gRPC.
#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

#include "server/app/control_room.h"
#include "server/base/log.h"
#include "server/control/connection_key.h"

namespace baton::app {
namespace {

constexpr Duration kPatience = 25ms;  // with a conductor: half of what a call may take

// Answers of conductors, for whoever waits for them; those that come too late go nowhere.
template <typename Answer>
class Gathering {
 public:
  explicit Gathering(std::size_t conductors) : answers_(conductors) {}

  void Put(std::size_t conductor, Answer answer) BATON_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    answers_[conductor] = std::move(answer);
    ++count_;
    has_answer_.NotifyAll();
  }

  // Once `wanted` are there, or time is up.
  std::vector<std::optional<Answer>> Wait(std::size_t wanted) BATON_EXCLUDES(mutex_) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    MutexLock lock(mutex_);
    while (count_ < wanted && has_answer_.WaitUntil(lock, end) != std::cv_status::timeout) {
    }
    return answers_;
  }

 private:
  Mutex mutex_;
  CondVar has_answer_;
  std::size_t count_ BATON_GUARDED_BY(mutex_) = 0;
  std::vector<std::optional<Answer>> answers_ BATON_GUARDED_BY(mutex_);
};

}  // namespace

std::vector<control::ListenerFigures> ControlRoom::ListListeners() const {
  std::vector<control::ListenerFigures> listeners;
  for (const control::ListenerState& listener : parts_.listeners) {
    control::ListenerFigures figures;
    figures.name = listener.name;
    figures.address = listener.address;
    parts_.tell_listener(figures);
    listeners.push_back(std::move(figures));
  }
  return listeners;
}

control::ConnectionList ControlRoom::ListConnections(const control::ConnectionQuery& query) {
  using Connections = std::vector<control::ConnectionState>;
  const std::size_t count = parts_.conductors.size();
  const auto gathering = std::make_shared<Gathering<Connections>>(count);
  const auto first =
      query.after ? static_cast<std::size_t>(std::max(0, query.after->conductor)) : 0;
  std::size_t asked = 0;
  for (std::size_t i = first; i < count; ++i) {
    if ((*unanswered_)[i] > 0) continue;  // it owes an answer: waiting again would only add up
    std::optional<std::uint64_t> after;
    if (query.after && i == first) after = query.after->number;
    ++asked;
    ++(*unanswered_)[i];
    parts_.conductors[i]->List(after, query.limit,
                               [gathering, i, unanswered = unanswered_](Connections connections) {
                                 --(*unanswered)[i];
                                 gathering->Put(i, std::move(connections));
                               });
  }
  control::ConnectionList list;
  std::vector<std::optional<Connections>> answers = gathering->Wait(asked);
  for (std::size_t i = first; i < count; ++i) {
    if (!answers[i]) {
      list.silent_conductors.push_back(static_cast<int>(i));
      continue;
    }
    for (control::ConnectionState& connection : *answers[i]) {
      if (list.connections.size() == query.limit) break;
      list.connections.push_back(std::move(connection));
    }
  }
  if (list.connections.size() < query.limit) {
    control::ConnectionQuery rest = query;
    rest.limit -= list.connections.size();
    for (control::ConnectionState& connection : parts_.grpc_listeners.List(rest)) {
      list.connections.push_back(std::move(connection));
    }
  }
  return list;
}

Result<control::ConnectionState> ControlRoom::CloseConnection(
    const control::ConnectionClose& close) {
  using Found = std::optional<control::ConnectionState>;
  const auto not_found = [&] {
    return Fail(ErrorCode::kNotFound, "there is no connection '" + control::ToText(close.key) + "'",
                "name");
  };
  if (const auto cut_off = parts_.grpc_listeners.Close(close.key)) return *cut_off;
  const auto conductor = static_cast<std::size_t>(close.key.conductor);
  if (close.key.conductor < 0 || conductor >= parts_.conductors.size()) return not_found();
  const auto gathering = std::make_shared<Gathering<Found>>(1);
  const bool is_silent = (*unanswered_)[conductor]++ > 0;
  parts_.conductors[conductor]->Close(
      close.key.number, close.is_forced,
      [gathering, conductor, unanswered = unanswered_](Found connection) {
        --(*unanswered)[conductor];
        gathering->Put(0, std::move(connection));
      });
  const std::vector<std::optional<Found>> answer = gathering->Wait(is_silent ? 0 : 1);
  if (!answer[0]) {
    return Fail(ErrorCode::kUnavailable,
                "conductor " + std::to_string(conductor) +
                    " has not answered yet: it closes the connection when it comes to it");
  }
  if (!*answer[0]) return not_found();
  return **answer[0];
}

}  // namespace baton::app
