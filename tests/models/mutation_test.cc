// Small model files with bytes changed at random: each loads or is refused, and nothing else.
#include <algorithm>
#include <fstream>
#include <iterator>
#include <limits>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include "server/models/model_loader.h"
#include "tests/models/support.h"
#include "tests/support/temporary_folder.h"

namespace baton::models {
namespace {

using testing_support::TemporaryFolder;

constexpr int kMutations = 2'000;

struct Sample {
  const char* file;  // in data/
  const char* as;    // in a version's folder
  bool is_text;
};

std::string BytesOf(const std::string& file) {
  std::ifstream in(std::filesystem::path(BATON_TEST_MODELS_DIR) / file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class Mutator {
 public:
  explicit Mutator(bool is_text) : is_text_(is_text) {}

  std::string Mutate(std::string bytes) {
    for (int changes = Below(4); changes >= 0; --changes) Change(bytes);
    return bytes;
  }

 private:
  int Below(std::size_t limit) {
    return static_cast<int>(random_() % std::max<std::size_t>(limit, 1));
  }

  char AnyByte() {
    constexpr std::string_view kJsonBytes = "0123456789-.eE,:[]{}\"tfnN";
    return is_text_ ? kJsonBytes[static_cast<std::size_t>(Below(kJsonBytes.size()))]
                    : static_cast<char>(Below(256));
  }

  void Change(std::string& bytes) {
    const auto at = static_cast<std::size_t>(Below(bytes.size()));
    const auto size = static_cast<std::size_t>(Below(8));
    switch (Below(6)) {
      case 0: bytes.erase(at, size); break;
      case 1: bytes.insert(at, size, AnyByte()); break;
      case 2: bytes.insert(at, bytes.substr(at, size * size)); break;
      case 3: bytes.resize(at); break;
      default:
        if (!bytes.empty()) bytes[at] = AnyByte();
    }
  }

  std::mt19937 random_{2026};
  const bool is_text_;
};

// A row of ones for each input whose other dimensions are known.
std::vector<Tensor> SomeInputs(const ModelInfo& info) {
  std::vector<Tensor> inputs;
  for (const TensorSpec& spec : info.inputs) {
    Tensor input{spec.name, spec.type, spec.shape, {}, {}};
    for (auto& size : input.shape) size = size == -1 ? 1 : size;
    const auto count = ElementCount(input.shape);
    if (!count || *count > 1'000'000) return {};
    input.raw.resize(*count * ElementSize(spec.type));
    if (spec.type == DataType::kBytes) input.strings.resize(*count);
    inputs.push_back(std::move(input));
  }
  return inputs;
}

class MutationTest : public ::testing::TestWithParam<Sample> {};

TEST_P(MutationTest, AChangedFileLoadsOrIsRefused) {
  const Sample& sample = GetParam();
  const std::string whole = BytesOf(sample.file);
  const TemporaryFolder folder;
  Mutator mutator(sample.is_text);
  BackendLibraries libraries;
  libraries.onnxruntime = BATON_TEST_ONNXRUNTIME_LIBRARY;
  LoadRequest request{"m", "1", folder.path()};
  request.flatten_maps = true;
  int loaded = 0;
  for (int i = 0; i < kMutations; ++i) {
    // A new file each time: file systems wait for the disk when one is overwritten.
    std::filesystem::remove(folder.path() / sample.as);
    folder.Write(sample.as, mutator.Mutate(whole));
    const auto model = LoadModelVersion(request, libraries);
    if (!model) {
      EXPECT_FALSE(model.error().message.empty());
      continue;
    }
    ++loaded;
    static_cast<void>((*model)->Predict(SomeInputs((*model)->info()), {}, {}));
  }
  // Else the changes were too coarse to say anything.
  EXPECT_GT(loaded, 10);
  EXPECT_LT(loaded, kMutations - 10);
}

INSTANTIATE_TEST_SUITE_P(Files, MutationTest,
                         ::testing::Values(Sample{"two_inputs.onnx", "model.onnx", false},
                                           Sample{"map_texts.onnx", "model.onnx", false},
                                           Sample{"xgb_classes.json", "model.json", true},
                                           Sample{"xgb_dart.ubj", "model.ubj", false},
                                           Sample{"xgb_category.json", "model.json", true},
                                           Sample{"xgb_category.ubj", "model.ubj", false}),
                         [](const auto& test) {
                           std::string name = test.param.file;
                           std::replace(name.begin(), name.end(), '.', '_');
                           return name;
                         });

}  // namespace
}  // namespace baton::models
