// Models that take as long as they are told: asleep, or computing.
#include <atomic>
#include <chrono>
#include <cstdint>
#include <utility>

#include "server/base/clock.h"
#include "server/base/mutex.h"
#include "server/models/builtin/kinds.h"

namespace baton::models {
namespace {

constexpr float kMostMillis = 60'000;

// Both return false when they were stopped.
using Hold = bool (*)(SteadyTime end, const std::stop_token& stop);

bool Sleep(SteadyTime end, const std::stop_token& stop) {
  Mutex mutex;
  CondVar stopped;
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

// The result is published, so that the compiler cannot leave the work out.
std::atomic<std::uint64_t> spin_result{0};

bool Spin(SteadyTime end, const std::stop_token& stop) {
  constexpr int kStepsPerLook = 256;  // well under a microsecond between two looks at the clock
  std::uint64_t state = 1;
  const SystemClock clock;
  while (!stop.stop_requested() && clock.Now() < end) {
    for (int i = 0; i < kStepsPerLook; ++i) {
      state = state * 6364136223846793005U + 1442695040888963407U;
    }
  }
  spin_result.store(state, std::memory_order_relaxed);
  return !stop.stop_requested();
}

class Holding final : public Model {
 public:
  Holding(ModelInfo info, Hold hold) : info_(std::move(info)), hold_(hold) {}

  const ModelInfo& info() const override { return info_; }

  Result<std::vector<Tensor>> Predict(std::span<const Tensor> inputs,
                                      std::span<const std::string> wanted,
                                      const std::stop_token& stop) const override {
    if (Status status = CheckInputs(info_, inputs); !status) return tl::unexpected(status.error());
    if (auto outputs = FindOutputs(info_, wanted); !outputs) {
      return tl::unexpected(outputs.error());
    }
    const float millis = inputs[0].As<float>()[0];
    const bool is_in_range = millis >= 0 && millis <= kMostMillis;  // and a number
    if (!is_in_range) {
      return Fail(ErrorCode::kInvalidArgument,
                  "input 'ms': expected 0 to 60000, got " + std::to_string(millis),
                  "inputs[0].data");
    }
    const SystemClock clock;
    const SteadyTime start = clock.Now();
    if (!hold_(start + Scale(1ms, static_cast<double>(millis)), stop)) {
      return Fail(ErrorCode::kDeadlineExceeded, "the run was stopped: nobody waits for its answer");
    }
    std::vector<Tensor> tensors(1);
    tensors[0].name = info_.outputs[0].name;
    tensors[0].shape = {1};
    tensors[0].raw.resize(sizeof(float));
    tensors[0].As<float>()[0] = static_cast<float>(ToMillis(clock.Now() - start));
    return tensors;
  }

 private:
  const ModelInfo info_;
  const Hold hold_;
};

std::unique_ptr<Model> MakeHolding(ModelInfo info, Hold hold) {
  info.inputs = {{"ms", DataType::kFp32, {1}}};
  info.outputs = {{"took_ms", DataType::kFp32, {1}}};
  return std::make_unique<Holding>(std::move(info), hold);
}

}  // namespace

Result<std::unique_ptr<Model>> MakeSleeper(ModelInfo info, const Parameters& /*parameters*/) {
  return MakeHolding(std::move(info), &Sleep);
}

Result<std::unique_ptr<Model>> MakeSpinner(ModelInfo info, const Parameters& /*parameters*/) {
  return MakeHolding(std::move(info), &Spin);
}

}  // namespace baton::models
