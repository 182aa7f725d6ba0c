// Runs a model over and over on some threads, with nothing around it: the bar for a server of the
// same model. Prints how many runs there were and what they cost, as JSON.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "server/models/model_loader.h"

namespace {

namespace models = baton::models;
using Clock = std::chrono::steady_clock;

struct Settings {
  std::string folder;
  std::int64_t rows = 1;
  int threads = 1;
  double seconds = 2;
};

constexpr const char* kUsage =
    "Usage: bare_model VERSION_FOLDER [--rows N] [--threads N] [--seconds S]\n"
    "Runs the model on FP32 inputs of 0.5, N rows at once.\n";

std::optional<Settings> ReadSettings(int argc, char** argv) {
  if (argc < 2 || argc % 2 != 0) return std::nullopt;
  Settings settings;
  settings.folder = argv[1];
  for (int i = 2; i < argc; i += 2) {
    const std::string_view flag = argv[i];
    const std::string value = argv[i + 1];
    if (flag == "--rows") {
      settings.rows = std::stoll(value);
    } else if (flag == "--threads") {
      settings.threads = std::stoi(value);
    } else if (flag == "--seconds") {
      settings.seconds = std::stod(value);
    } else {
      return std::nullopt;
    }
  }
  return settings;
}

std::vector<models::Tensor> MakeInputs(const models::ModelInfo& info, std::int64_t rows) {
  std::vector<models::Tensor> inputs;
  for (const models::TensorSpec& spec : info.inputs) {
    models::Tensor tensor;
    tensor.name = spec.name;
    tensor.type = spec.type;
    tensor.shape = spec.shape;
    if (!tensor.shape.empty()) tensor.shape[0] = rows;
    tensor.raw.resize(models::ElementCount(tensor.shape).value_or(0) * sizeof(float));
    const std::span<float> values = tensor.As<float>();
    std::fill(values.begin(), values.end(), 0.5F);
    inputs.push_back(std::move(tensor));
  }
  return inputs;
}

double CpuSeconds() {
  timespec used{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

// How many runs ended in time; -1 when one failed.
std::int64_t RunFor(const models::Model& model, const Settings& settings, double seconds) {
  const auto until = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                        std::chrono::duration<double>(seconds));
  std::atomic<std::int64_t> runs{0};
  std::atomic<bool> has_failed{false};
  std::vector<std::jthread> threads;
  for (int i = 0; i < settings.threads; ++i) {
    threads.emplace_back([&] {
      const std::vector<models::Tensor> inputs = MakeInputs(model.info(), settings.rows);
      std::int64_t own = 0;
      while (Clock::now() < until && !has_failed) {
        if (!model.Predict(inputs, {}, {})) has_failed = true;
        ++own;
      }
      runs += own;
    });
  }
  threads.clear();
  return has_failed ? -1 : runs.load();
}

}  // namespace

int main(int argc, char** argv) {
  const std::optional<Settings> settings = ReadSettings(argc, argv);
  if (!settings) {
    std::fputs(kUsage, stderr);
    return 2;
  }
  const auto model =
      models::LoadModelVersion({.name = "bare", .version = "1", .folder = settings->folder}, {});
  if (!model) {
    std::fprintf(stderr, "bare_model: %s\n", model.error().message.c_str());
    return 1;
  }
  RunFor(**model, *settings, 0.2);
  const double cpu_before = CpuSeconds();
  const Clock::time_point began = Clock::now();
  const std::int64_t runs = RunFor(**model, *settings, settings->seconds);
  const double seconds = std::chrono::duration<double>(Clock::now() - began).count();
  if (runs <= 0) {
    std::fputs("bare_model: the model could not be run\n", stderr);
    return 1;
  }
  std::printf("{\"runs\": %lld, \"seconds\": %.3f, \"runs_per_second\": %.2f, \"cpu_us\": %.2f}\n",
              static_cast<long long>(runs), seconds, static_cast<double>(runs) / seconds,
              (CpuSeconds() - cpu_before) / static_cast<double>(runs) * 1e6);
  return 0;
}
