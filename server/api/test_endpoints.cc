// Sleeping and spinning on a worker.
#include "server/api/test_endpoints.h"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>
#include <utility>

#include "server/api/bad_input.h"
#include "server/api/json.h"
#include "server/base/json_writer.h"

namespace baton::api {
namespace {

using SteadyClock = std::chrono::steady_clock;
constexpr double kMostMillis = 60000;

Result<double> ReadMillis(const std::string& body) {
  auto document = ParseJsonObject(body);
  if (!document) return tl::unexpected(std::move(document.error()));
  JsonMembers members(*document);
  while (const auto member = members.Next()) {
    if (member->key != "ms") continue;
    double millis = 0;
    if (member->value.Read(millis) && millis >= 0 && millis <= kMostMillis) return millis;
    return tl::unexpected(BadInput("ms", "a number from 0 to 60000", member->value));
  }
  return tl::unexpected(BadInput("ms", "a number from 0 to 60000", "nothing"));
}

void Sleep(Duration duration) {
  if (duration > Duration::zero()) std::this_thread::sleep_for(duration);
}

// The sum is published, so that the compiler cannot leave the work out.
std::atomic<std::uint64_t> spin_result{0};

void Spin(Duration duration) {
  constexpr int kStepsPerLook = 256;  // well under a microsecond between two looks at the clock
  const auto end = SteadyClock::now() + duration;
  std::uint64_t state = 1;
  while (SteadyClock::now() < end) {
    for (int i = 0; i < kStepsPerLook; ++i)
      state = state * 6364136223846793005U + 1442695040888963407U;
  }
  spin_result.store(state, std::memory_order_relaxed);  // nobody reads it
}

class HoldHandler final : public serve::Handler {
 public:
  HoldHandler(void (*hold)(Duration), const char* took_key) : hold_(hold), took_key_(took_key) {}

  serve::Outcome Handle(const serve::Call& call, serve::RunContext&) const override {
    auto millis = ReadMillis(call.body);
    if (!millis) return {{}, std::move(millis.error())};
    const auto start = SteadyClock::now();
    hold_(std::chrono::duration_cast<Duration>(std::chrono::duration<double, std::milli>(*millis)));
    const double took = ToMillis(SteadyClock::now() - start);
    serve::Outcome outcome;
    JsonWriter(outcome.body)
        .BeginObject()
        .Key("ms")
        .Number(*millis)
        .Key(took_key_)
        .Number(took)
        .EndObject();
    return outcome;
  }

 private:
  void (*const hold_)(Duration);
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
