// Partial sorting of each row's indexes.
#include "server/api/classification.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <concepts>
#include <numeric>
#include <utility>
#include <vector>

#include "server/api/bad_input.h"
#include "server/api/tensor_types.h"

namespace baton::api {
namespace {

using models::DataType;
using models::Tensor;

bool HasClasses(DataType type) {
  return HasJsonForm(type) && type != DataType::kBool && type != DataType::kBytes;
}

template <typename T>
bool IsGreater(T a, T b) {
  if constexpr (std::floating_point<T>) {
    if (std::isnan(a) || std::isnan(b)) return !std::isnan(a);
  }
  return a > b;
}

template <typename T>
std::string TextOf(T value, std::size_t index, std::span<const std::string> labels) {
  std::array<char, 32> digits{};
  char* const end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  std::string text(digits.data(), end);
  text += ':' + std::to_string(index);
  if (index < labels.size()) text += ':' + labels[index];
  return text;
}

template <typename T>
void AppendClasses(std::span<const T> row, std::size_t classes, std::span<const std::string> labels,
                   std::vector<std::string>& out) {
  std::vector<std::size_t> indexes(row.size());
  std::iota(indexes.begin(), indexes.end(), std::size_t{0});
  const auto end = indexes.begin() + static_cast<std::ptrdiff_t>(classes);
  std::partial_sort(indexes.begin(), end, indexes.end(), [row](std::size_t a, std::size_t b) {
    if (IsGreater(row[a], row[b])) return true;
    return !IsGreater(row[b], row[a]) && a < b;
  });
  for (auto at = indexes.begin(); at != end; ++at) out.push_back(TextOf(row[*at], *at, labels));
}

}  // namespace

Result<Tensor> Classify(const Tensor& output, std::size_t classes, bool has_rows,
                        std::span<const std::string> labels) {
  const auto fail = [&output](ErrorCode code, const std::string& what) {
    return Fail(code, "output " + Quoted(output.name) + ": " + what, "outputs");
  };
  if (!HasClasses(output.type)) {
    return fail(ErrorCode::kInvalidArgument,
                "expected FP32, FP64 or integers for `classification`, got " +
                    std::string(models::ToText(output.type)));
  }
  const auto count = models::ElementCount(output.shape);
  if (!count || output.raw.size() != *count * models::ElementSize(output.type) ||
      (has_rows && output.shape.empty())) {
    return fail(ErrorCode::kInternal, "shape " + models::ToText(output.shape) +
                                          " has another number of elements than its data");
  }
  const std::size_t rows = has_rows ? static_cast<std::size_t>(output.shape[0]) : 1;
  const std::size_t width = rows == 0 ? 0 : *count / rows;
  const std::size_t kept = std::min(classes, width);
  Tensor classified{output.name, DataType::kBytes, {}, {}, {}};
  if (has_rows) classified.shape.push_back(output.shape[0]);
  classified.shape.push_back(static_cast<std::int64_t>(kept));
  classified.strings.reserve(rows * kept);
  WithElementType(output.type, [&]<typename T>(const T&) {
    if constexpr (!std::same_as<T, bool> && !std::same_as<T, std::string>) {
      for (std::size_t row = 0; kept > 0 && row < rows; ++row) {
        AppendClasses(output.As<T>().subspan(row * width, width), kept, labels, classified.strings);
      }
    }
  });
  return classified;
}

}  // namespace baton::api
