// Rows are contiguous, so that putting requests together and taking them apart is copying ranges.
#include "server/models/batch.h"

#include <algorithm>
#include <iterator>
#include <numeric>
#include <utility>

namespace baton::models {
namespace {

using Dimensions = std::span<const std::int64_t>;

bool IsAlikeButForRows(const Tensor& a, const Tensor& b) {
  return a.name == b.name && a.type == b.type && !a.shape.empty() && !b.shape.empty() &&
         std::ranges::equal(Dimensions(a.shape).subspan(1), Dimensions(b.shape).subspan(1));
}

bool HasOpenRows(const TensorSpec& spec) { return !spec.shape.empty() && spec.shape[0] == -1; }

// How much of `raw` and of `strings` belongs to one row.
struct RowSize {
  std::size_t bytes = 0;
  std::size_t strings = 0;
};

// Empty unless `tensor` holds `rows` rows.
std::optional<RowSize> RowSizeOf(const Tensor& tensor, std::size_t rows) {
  if (tensor.shape.empty() || std::cmp_not_equal(tensor.shape[0], rows)) return std::nullopt;
  const auto elements = ElementCount(Dimensions(tensor.shape).subspan(1));
  if (!elements) return std::nullopt;
  const bool is_text = tensor.type == DataType::kBytes;
  const RowSize row = {*elements * ElementSize(tensor.type), is_text ? *elements : 0};
  const bool is_whole =
      tensor.raw.size() == rows * row.bytes && tensor.strings.size() == rows * row.strings;
  return is_whole ? std::optional(row) : std::nullopt;
}

template <typename T>
void MoveRange(std::vector<T>& from, std::size_t first, std::size_t count, std::vector<T>& to) {
  const auto begin = std::make_move_iterator(from.begin() + static_cast<std::ptrdiff_t>(first));
  to.assign(begin, begin + static_cast<std::ptrdiff_t>(count));
}

Tensor TakeRows(Tensor& tensor, std::size_t first, std::size_t count, const RowSize& row) {
  Tensor taken{tensor.name, tensor.type, tensor.shape, {}, {}};
  taken.shape[0] = static_cast<std::int64_t>(count);
  taken.raw = std::as_const(tensor.raw).Part(first * row.bytes, count * row.bytes);
  MoveRange(tensor.strings, first * row.strings, count * row.strings, taken.strings);
  return taken;
}

// The tensor at `index` of every request.
Tensor ConcatenateOne(std::span<const std::span<const Tensor>> requests, std::size_t index) {
  const Tensor& first = requests.front()[index];
  Tensor all{first.name, first.type, first.shape, {}, {}};
  all.shape[0] = 0;
  std::size_t bytes = 0;
  std::size_t strings = 0;
  for (const auto& request : requests) {
    all.shape[0] += request[index].shape[0];
    bytes += request[index].raw.size();
    strings += request[index].strings.size();
  }
  all.raw.reserve(bytes);
  all.strings.reserve(strings);
  for (const auto& request : requests) {
    const Tensor& tensor = request[index];
    all.raw.Append(tensor.raw);
    all.strings.insert(all.strings.end(), tensor.strings.begin(), tensor.strings.end());
  }
  return all;
}

}  // namespace

bool HasBatchDimension(const ModelInfo& info) {
  return !info.inputs.empty() && !info.outputs.empty() &&
         std::ranges::all_of(info.inputs, HasOpenRows) &&
         std::ranges::all_of(info.outputs, HasOpenRows);
}

std::optional<std::size_t> RowsOf(std::span<const Tensor> tensors) {
  if (tensors.empty() || tensors[0].shape.empty()) return std::nullopt;
  const std::int64_t rows = tensors[0].shape[0];
  const bool is_shared = std::ranges::all_of(tensors, [rows](const Tensor& tensor) {
    return !tensor.shape.empty() && tensor.shape[0] == rows;
  });
  if (!is_shared || rows < 0) return std::nullopt;
  return static_cast<std::size_t>(rows);
}

bool AreAlikeButForRows(std::span<const Tensor> a, std::span<const Tensor> b) {
  return std::ranges::equal(a, b, IsAlikeButForRows);
}

std::vector<Tensor> Concatenate(std::span<const std::span<const Tensor>> requests) {
  std::vector<Tensor> tensors;
  tensors.reserve(requests.front().size());
  for (std::size_t i = 0; i < requests.front().size(); ++i) {
    tensors.push_back(ConcatenateOne(requests, i));
  }
  return tensors;
}

std::optional<std::vector<std::vector<Tensor>>> SplitRows(std::vector<Tensor> tensors,
                                                          std::span<const std::size_t> rows) {
  const std::size_t total = std::accumulate(rows.begin(), rows.end(), std::size_t{0});
  std::vector<std::vector<Tensor>> parts(rows.size());
  for (auto& part : parts) part.reserve(tensors.size());
  for (Tensor& tensor : tensors) {
    const std::optional<RowSize> row = RowSizeOf(tensor, total);
    if (!row) return std::nullopt;
    std::size_t first = 0;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      parts[i].push_back(TakeRows(tensor, first, rows[i], *row));
      first += rows[i];
    }
  }
  return parts;
}

}  // namespace baton::models
