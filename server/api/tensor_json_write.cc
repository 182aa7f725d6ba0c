// Elements of tensors as JSON text.
#include <array>
#include <charconv>
#include <cmath>
#include <concepts>

#include "server/api/bad_input.h"
#include "server/api/tensor_json.h"
#include "server/api/tensor_types.h"
#include "server/base/json_writer.h"

namespace baton::api {
namespace {

using models::Tensor;

tl::unexpected<Error> BadOutput(const Tensor& tensor, std::size_t index, std::string_view what) {
  return Fail(ErrorCode::kInternal, "output " + Quoted(tensor.name) + ": element " +
                                        std::to_string(index) + " is " + std::string(what) +
                                        ", which has no JSON form: ask for it raw, with "
                                        "`parameters.binary_data`");
}

// The shortest text of a large float, and of the negative zero, is a row of digits: readers would
// take it for an integer, which has no such sign, or does not fit. A fraction makes it a float
// again.
template <std::floating_point T>
bool ReadsAsInteger(T number, std::string_view text) {
  constexpr T kLargestOfIntegers = 0x1p53;
  const bool is_at_risk =
      std::abs(number) >= kLargestOfIntegers || (number == 0 && std::signbit(number));
  return is_at_risk && text.find_first_of(".e") == std::string_view::npos;
}

template <typename T>
void AppendNumber(std::string& out, T number) {
  std::array<char, 32> text{};
  char* const end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
  const std::string_view digits(text.data(), static_cast<std::size_t>(end - text.data()));
  out += digits;
  if constexpr (std::floating_point<T>) {
    if (ReadsAsInteger(number, digits)) out += ".0";
  }
}

template <typename T>
std::span<const T> ElementsOf(const Tensor& tensor) {
  if constexpr (std::same_as<T, std::string>) {
    return tensor.strings;
  } else {
    return tensor.As<T>();
  }
}

// Empty when the element was appended, else what is wrong with it.
template <typename T>
std::string_view AppendElement(std::string& out, const T& element) {
  if constexpr (std::same_as<T, std::string>) {
    if (!IsUtf8(element)) return "text that is not UTF-8";
    AppendJsonString(out, element);
  } else if constexpr (std::same_as<T, bool>) {
    out += element ? "true" : "false";
  } else {
    if constexpr (std::floating_point<T>) {
      if (!std::isfinite(element)) return "NaN or infinite";
    }
    AppendNumber(out, element);
  }
  return {};
}

}  // namespace

Status AppendElements(std::string& out, const Tensor& tensor, std::size_t first,
                      std::size_t count) {
  if (!HasJsonForm(tensor.type)) {
    return Fail(ErrorCode::kInvalidArgument,
                "output " + Quoted(tensor.name) + ": " + std::string(models::ToText(tensor.type)) +
                    " has no JSON form: ask for it raw, with `parameters.binary_data`");
  }
  return WithElementType(tensor.type, [&]<typename T>(const T&) -> Status {
    if (first + count > ElementsOf<T>(tensor).size()) {
      return Fail(ErrorCode::kInternal, "output " + Quoted(tensor.name) + ": shape " +
                                            models::ToText(tensor.shape) +
                                            " has more elements than its data");
    }
    const auto elements = ElementsOf<T>(tensor).subspan(first, count);
    for (std::size_t i = 0; i < count; ++i) {
      if (i > 0) out += ',';
      const std::string_view fault = AppendElement(out, elements[i]);
      if (!fault.empty()) return BadOutput(tensor, first + i, fault);
    }
    return {};
  });
}

Status AppendNested(std::string& out, const Tensor& tensor, std::span<const std::int64_t> shape,
                    std::size_t first) {
  if (shape.empty()) return AppendElements(out, tensor, first, 1);
  out += '[';
  const auto count = static_cast<std::size_t>(shape.front());
  if (shape.size() == 1) {
    Status status = AppendElements(out, tensor, first, count);
    if (!status) return status;
  } else {
    const std::size_t stride = models::ElementCount(shape.subspan(1)).value_or(0);
    for (std::size_t i = 0; i < count; ++i) {
      if (i > 0) out += ',';
      Status status = AppendNested(out, tensor, shape.subspan(1), first + i * stride);
      if (!status) return status;
    }
  }
  out += ']';
  return {};
}

}  // namespace baton::api
