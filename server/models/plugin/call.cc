// Outputs are checked and copied as they are given.
#include "server/models/plugin/call.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "server/models/plugin/description.h"

namespace baton::models {
namespace {

PluginCall& CallOf(void* server) { return *static_cast<PluginCall*>(server); }

std::vector<std::string> TextsOf(const baton_tensor& tensor) {
  std::vector<std::string> texts;
  texts.reserve(tensor.text_count);
  for (const baton_text& text : std::span(tensor.texts, tensor.text_count)) {
    texts.emplace_back(text.data == nullptr ? "" : text.data, text.data == nullptr ? 0 : text.size);
  }
  return texts;
}

Tensor CopyOf(const baton_tensor& tensor, const TensorSpec& spec) {
  Tensor copy;
  copy.name = spec.name;
  copy.type = spec.type;
  copy.shape.assign(tensor.shape, tensor.shape + tensor.rank);
  if (spec.type == DataType::kBytes) {
    copy.strings = TextsOf(tensor);
  } else if (tensor.data_bytes > 0) {
    const auto* const data = static_cast<const std::byte*>(tensor.data);
    copy.raw.assign(data, data + tensor.data_bytes);
  }
  return copy;
}

}  // namespace

PluginCall::PluginCall(const ModelInfo& info, const std::stop_token& stop)
    : info_(info),
      stop_(stop),
      outputs_(info.outputs.size()),
      lent_{this,
            [](void* server, const char* message) {
              if (message != nullptr) CallOf(server).message_ = message;
            },
            [](void* server) { return CallOf(server).stop_.stop_requested() ? 1 : 0; },
            [](void* server, const baton_tensor* output) {
              if (output != nullptr) CallOf(server).Add(*output);
            }} {}

Status PluginCall::Check(const baton_tensor& output, const TensorSpec& spec) const {
  const auto wrong = [&spec](const std::string& expected, const std::string& got) {
    return Fail(ErrorCode::kInternal,
                "output '" + spec.name + "': expected " + expected + ", got " + got);
  };
  if (DataTypeOfPlugin(output.datatype) != spec.type) {
    return wrong("datatype " + std::string(ToText(spec.type)), std::to_string(output.datatype));
  }
  if (output.rank > kMaxPluginRank || (output.rank > 0 && output.shape == nullptr)) {
    return wrong("shape " + ToText(spec.shape), std::to_string(output.rank) + " dimensions");
  }
  const std::span<const std::int64_t> shape(output.shape, output.rank);
  if (!Fits(shape, spec.shape)) return wrong("shape " + ToText(spec.shape), ToText(shape));
  const auto elements = ElementCount(shape);
  const bool is_text = spec.type == DataType::kBytes;
  const std::size_t got = is_text ? output.text_count : output.data_bytes;
  const bool is_there = got == 0 || (is_text ? output.texts != nullptr : output.data != nullptr);
  const std::size_t unit = is_text ? 1 : ElementSize(spec.type);
  if (elements && is_there && got == *elements * unit) return {};
  return wrong(ToText(shape) + " to be filled", std::to_string(got) +
                                                    (is_text ? " elements" : " bytes") +
                                                    (is_there ? "" : " at no address"));
}

void PluginCall::Add(const baton_tensor& output) {
  if (!mistake_.empty()) return;
  const std::string name = output.name == nullptr ? "" : output.name;
  const auto spec = std::find_if(info_.outputs.begin(), info_.outputs.end(),
                                 [&name](const TensorSpec& each) { return each.name == name; });
  if (spec == info_.outputs.end()) {
    mistake_ = "output '" + name + "' is not in its description";
    return;
  }
  auto& place = outputs_[static_cast<std::size_t>(spec - info_.outputs.begin())];
  if (place) {
    mistake_ = "output '" + name + "' was given twice";
  } else if (const Status status = Check(output, *spec); !status) {
    mistake_ = status.error().message;
  } else {
    place = CopyOf(output, *spec);
  }
}

Result<std::vector<Tensor>> PluginCall::TakeOutputs(std::span<const std::size_t> wanted) {
  for (std::size_t i = 0; mistake_.empty() && i < outputs_.size(); ++i) {
    if (!outputs_[i]) mistake_ = "output '" + info_.outputs[i].name + "' was not given";
  }
  if (!mistake_.empty()) return Fail(ErrorCode::kInternal, "the plug-in: " + mistake_);
  std::vector<Tensor> tensors;
  tensors.reserve(wanted.size());
  for (const std::size_t index : wanted) tensors.push_back(std::move(*outputs_[index]));
  return tensors;
}

}  // namespace baton::models
