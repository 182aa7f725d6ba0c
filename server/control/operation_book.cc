// Changes of models as operations that go on behind the call that began them.
#include "server/control/operation_book.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <iterator>
#include <utility>

namespace baton::control {
namespace {

tl::unexpected<Error> NoSuchOperation(const std::string& name) {
  return Fail(ErrorCode::kNotFound,
              "there is no operation '" + name + "': of those that are done the last " +
                  std::to_string(OperationBook::kMostDone) + " are known, and none of before the " +
                  "server's start",
              "name");
}

tl::unexpected<Error> TooMany(const std::string& what, std::size_t most) {
  return Fail(ErrorCode::kResourceExhausted, what + ": expected at most " + std::to_string(most));
}

std::string Numbered(const char* format, unsigned long long number) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), format, number);
  return text.data();
}

}  // namespace

OperationBook::OperationBook(UnixClock unix_clock)
    : unix_clock_(std::move(unix_clock)),
      prefix_(Numbered("%llx-", static_cast<unsigned long long>(unix_clock_()))) {}

Result<OperationState> OperationBook::Begin(const ModelChange& change, const Caller& caller) {
  MutexLock lock(mutex_);
  const auto open = std::count_if(operations_.begin(), operations_.end(),
                                  [](const auto& one) { return !one.second.is_done(); });
  if (static_cast<std::size_t>(open) >= kMostOpen) {
    return TooMany("operations that go on at once", kMostOpen);
  }
  OperationState begun;
  begun.name = prefix_ + Numbered("%06llu", ++begun_);
  begun.change = change;
  begun.caller = caller;
  begun.started_unix_ms = unix_clock_();
  const auto place = operations_.emplace(begun.name, std::move(begun)).first;
  return StateLocked(place->second);
}

void OperationBook::End(const std::string& name, Result<std::vector<ModelState>> outcome) {
  std::list<Wait> over;
  OperationState state;
  {
    MutexLock lock(mutex_);
    OperationState& ended = operations_.at(name);
    ended.outcome = std::move(outcome);
    ended.ended_unix_ms = unix_clock_();
    state = ended;
    over = TakeWaitsLocked([&name](const Wait& wait) { return wait.name == name; });
    ForgetLocked();
  }
  for (const Wait& wait : over) wait.told(state);
}

Result<OperationState> OperationBook::Find(const std::string& name) const {
  MutexLock lock(mutex_);
  const auto found = operations_.find(name);
  if (found == operations_.end()) return NoSuchOperation(name);
  return StateLocked(found->second);
}

std::vector<OperationState> OperationBook::List() const {
  MutexLock lock(mutex_);
  std::vector<OperationState> all;
  for (const auto& [name, operation] : operations_) all.push_back(StateLocked(operation));
  return all;
}

Status OperationBook::Await(const std::string& name, SteadyTime until, Told told) {
  OperationState done;
  {
    MutexLock lock(mutex_);
    const auto found = operations_.find(name);
    if (found == operations_.end()) return NoSuchOperation(name);
    if (!found->second.is_done()) {
      if (waits_.size() >= kMostWaits) return TooMany("calls that wait for operations", kMostWaits);
      waits_.push_back({name, until, std::move(told)});
      return {};
    }
    done = found->second;
  }
  told(done);
  return {};
}

void OperationBook::Tell(SteadyTime now) {
  std::list<Wait> over;
  std::vector<OperationState> states;
  {
    MutexLock lock(mutex_);
    over = TakeWaitsLocked([now](const Wait& wait) { return wait.until <= now; });
    for (const Wait& wait : over) states.push_back(StateLocked(operations_.at(wait.name)));
  }
  auto state = states.begin();
  for (const Wait& wait : over) wait.told(*state++);
}

OperationState OperationBook::StateLocked(const OperationState& operation) const {
  OperationState state = operation;
  if (state.is_done()) return state;
  const auto before = operations_.find(operation.name);
  state.ahead = static_cast<std::size_t>(std::count_if(
      operations_.begin(), before, [](const auto& one) { return !one.second.is_done(); }));
  return state;
}

void OperationBook::ForgetLocked() {
  auto done =
      static_cast<std::size_t>(std::count_if(operations_.begin(), operations_.end(),
                                             [](const auto& one) { return one.second.is_done(); }));
  for (auto one = operations_.begin(); done > kMostDone && one != operations_.end();) {
    const bool is_forgotten = one->second.is_done();
    one = is_forgotten ? operations_.erase(one) : std::next(one);
    if (is_forgotten) --done;
  }
}

template <typename Condition>
std::list<OperationBook::Wait> OperationBook::TakeWaitsLocked(Condition is_over) {
  std::list<Wait> taken;
  for (auto wait = waits_.begin(); wait != waits_.end();) {
    const auto next = std::next(wait);
    if (is_over(*wait)) taken.splice(taken.end(), waits_, wait);
    wait = next;
  }
  return taken;
}

}  // namespace baton::control
