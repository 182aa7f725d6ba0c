// Each text from its end to its beginning.
#include <algorithm>
#include <utility>

#include "server/models/builtin/kinds.h"

namespace baton::models {
namespace {

// How many bytes the code point at the start of `text` takes; 1 for what is not UTF-8.
std::size_t CodePointLength(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t length = lead < 0xC2 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (lead > 0xF4 || length > text.size()) return 1;
  const bool is_whole =
      std::all_of(text.begin() + 1, text.begin() + static_cast<long>(length),
                  [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; });
  return is_whole ? length : 1;
}

std::string Reversed(std::string_view text) {
  std::string reversed(text.size(), '\0');
  auto to = reversed.end();
  while (!text.empty()) {
    const std::size_t length = CodePointLength(text);
    to -= static_cast<std::ptrdiff_t>(length);
    std::copy_n(text.begin(), length, to);
    text.remove_prefix(length);
  }
  return reversed;
}

class Reverse final : public Model {
 public:
  explicit Reverse(ModelInfo info) : info_(std::move(info)) {}

  const ModelInfo& info() const override { return info_; }

  Result<std::vector<Tensor>> Predict(std::span<const Tensor> inputs,
                                      std::span<const std::string> wanted,
                                      const std::stop_token& /*stop*/) const override {
    if (Status status = CheckInputs(info_, inputs); !status) return tl::unexpected(status.error());
    if (auto outputs = FindOutputs(info_, wanted); !outputs) {
      return tl::unexpected(outputs.error());
    }
    std::vector<Tensor> tensors(1);
    tensors[0].name = info_.outputs[0].name;
    tensors[0].type = DataType::kBytes;
    tensors[0].shape = inputs[0].shape;
    tensors[0].strings.reserve(inputs[0].strings.size());
    for (const std::string& text : inputs[0].strings) {
      tensors[0].strings.push_back(Reversed(text));
    }
    return tensors;
  }

 private:
  const ModelInfo info_;
};

}  // namespace

Result<std::unique_ptr<Model>> MakeReverse(ModelInfo info, const Parameters& /*parameters*/) {
  info.inputs = {{"input", DataType::kBytes, {-1}}};
  info.outputs = {{"output", DataType::kBytes, {-1}}};
  return std::make_unique<Reverse>(std::move(info));
}

}  // namespace baton::models
