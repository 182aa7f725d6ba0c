// Sleeping and spinning on a worker.
#include "server/api/test_endpoints.h"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>

#include "server/api/bad_input.h"
#include "server/api/json.h"
#include "server/base/json_writer.h"
#include "server/base/mutex.h"

namespace baton::api {
namespace {

using SteadyClock = std::chrono::steady_clock;
constexpr double kMostMillis = 60000;
constexpr std::string_view kMillisText = "a number from 0 to 60000";

struct Ask {
  double millis = 0;
  bool is_cancellable = false;
};

Result<Ask> ReadAsk(const std::string& body) {
  auto document = ParseJsonObject(body);
  if (!document) return tl::unexpected(std::move(document.error()));
  Ask ask;
  bool has_millis = false;
  JsonMembers members(*document);
  while (const auto member = members.Next()) {
    const JsonValue& value = member->value;
    if (member->key == "ms") {
      has_millis = value.Read(ask.millis) && ask.millis >= 0 && ask.millis <= kMostMillis;
      if (!has_millis) return tl::unexpected(BadInput("ms", kMillisText, value));
    } else if (member->key == "cancellable" && !value.Read(ask.is_cancellable)) {
      return tl::unexpected(BadInput("cancellable", "true or false", value));
    }
  }
  if (!has_millis) return tl::unexpected(BadInput("ms", kMillisText, "nothing"));
  return ask;
}

// Whether the run is to end: never without a context.
bool IsUnwanted(const serve::RunContext* context) {
  return context != nullptr && (context->stop_token().stop_requested() || context->expired());
}

// Both return false when they ended early, which they do only with a `context`.

bool Sleep(Duration duration, const serve::RunContext* context) {
  if (IsUnwanted(context)) return false;
  if (context == nullptr) {
    if (duration > Duration::zero()) std::this_thread::sleep_for(duration);
    return true;
  }
  const auto end = SteadyClock::now() + duration;
  Mutex mutex;
  CondVar stopped;
  const std::stop_token stop = context->stop_token();
  const std::stop_callback wake(stop, [&mutex, &stopped] {
    const MutexLock lock(mutex);
    stopped.NotifyAll();
  });
  MutexLock lock(mutex);
  while (!stop.stop_requested()) {
    if (stopped.WaitUntil(lock, end) == std::cv_status::timeout) return true;
  }
  return false;
}

// The sum is published, so that the compiler cannot leave the work out.
std::atomic<std::uint64_t> spin_result{0};

bool Spin(Duration duration, const serve::RunContext* context) {
  constexpr int kStepsPerLook = 256;  // well under a microsecond between two looks at the clock
  const auto end = SteadyClock::now() + duration;
  std::uint64_t state = 1;
  bool is_unwanted = IsUnwanted(context);
  while (!is_unwanted && SteadyClock::now() < end) {
    for (int i = 0; i < kStepsPerLook; ++i)
      state = state * 6364136223846793005U + 1442695040888963407U;
    is_unwanted = IsUnwanted(context);
  }
  spin_result.store(state, std::memory_order_relaxed);  // nobody reads it
  return !is_unwanted;
}

class HoldHandler final : public serve::Handler {
 public:
  using Hold = bool (*)(Duration duration, const serve::RunContext* context);

  HoldHandler(Hold hold, const char* took_key) : hold_(hold), took_key_(took_key) {}

  serve::Outcome Handle(const serve::Call& call, serve::RunContext& context) const override {
    auto ask = ReadAsk(call.body);
    if (!ask) return {{}, std::move(ask.error())};
    const auto start = SteadyClock::now();
    const auto duration = std::chrono::duration_cast<Duration>(
        std::chrono::duration<double, std::milli>(ask->millis));
    if (!hold_(duration, ask->is_cancellable ? &context : nullptr)) {
      return {{}, Error{ErrorCode::kDeadlineExceeded, "stopped: nobody waits for the answer", {}}};
    }
    const double took = ToMillis(SteadyClock::now() - start);
    serve::Outcome outcome;
    JsonWriter(outcome.body)
        .BeginObject()
        .Key("ms")
        .Number(ask->millis)
        .Key(took_key_)
        .Number(took)
        .EndObject();
    return outcome;
  }

 private:
  const Hold hold_;
  const char* const took_key_;
};

}  // namespace

std::unique_ptr<serve::Handler> MakeSleepHandler() {
  return std::make_unique<HoldHandler>(Sleep, "slept_ms");
}

std::unique_ptr<serve::Handler> MakeSpinHandler() {
  return std::make_unique<HoldHandler>(Spin, "spun_ms");
}

}  // namespace baton::api
