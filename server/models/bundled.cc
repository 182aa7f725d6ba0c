// Names for the bytes that bundled.S holds.
#include "server/models/bundled.h"

#include <algorithm>
#include <array>

// For each model the symbols NAME_onnx, NAME_onnx_end, NAME_sample and NAME_sample_end.
#define BATON_DECLARE_BUNDLED(name)                        \
  extern "C" const char baton_bundled_##name##_onnx[];     \
  extern "C" const char baton_bundled_##name##_onnx_end[]; \
  extern "C" const char baton_bundled_##name##_sample[];   \
  extern "C" const char baton_bundled_##name##_sample_end[];

BATON_DECLARE_BUNDLED(digits)
BATON_DECLARE_BUNDLED(tumour)
BATON_DECLARE_BUNDLED(tumour_logistic)

#define BATON_BUNDLED(name)                                                     \
  BundledModel {                                                                \
#name, Bytes(baton_bundled_##name##_onnx, baton_bundled_##name##_onnx_end), \
        Text(baton_bundled_##name##_sample, baton_bundled_##name##_sample_end)  \
  }

namespace baton::models {
namespace {

std::string_view Text(const char* begin, const char* end) {
  return {begin, static_cast<std::size_t>(end - begin)};
}

std::span<const std::byte> Bytes(const char* begin, const char* end) {
  return std::as_bytes(std::span<const char>(begin, end));
}

}  // namespace

std::span<const BundledModel> BundledModels() {
  static const std::array<BundledModel, 3> models = {
      BATON_BUNDLED(digits),
      BATON_BUNDLED(tumour),
      BATON_BUNDLED(tumour_logistic),
  };
  return models;
}

std::string_view BundledSample(std::string_view model_name) {
  const auto models = BundledModels();
  const auto found = std::find_if(models.begin(), models.end(), [=](const BundledModel& model) {
    return model.name == model_name;
  });
  return found == models.end() ? std::string_view() : found->sample;
}

}  // namespace baton::models
