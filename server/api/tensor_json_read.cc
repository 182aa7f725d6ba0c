// Elements of tensors out of JSON arrays.
#include <concepts>
#include <limits>
#include <utility>

#include "server/api/bad_input.h"
#include "server/api/tensor_json.h"
#include "server/api/tensor_types.h"

namespace baton::api {
namespace {

using models::DataType;
using models::Tensor;
using Dimensions = std::span<const std::int64_t>;

tl::unexpected<Error> BadData(const Tensor& tensor, const DataPlace& place, std::string what) {
  return Fail(ErrorCode::kInvalidArgument, "input " + Quoted(tensor.name) + ": " + std::move(what),
              place.ToText());
}

template <typename T>
std::string RangeText() {
  return "a whole number from " + std::to_string(std::numeric_limits<T>::min()) + " to " +
         std::to_string(std::numeric_limits<T>::max());
}

std::string ExpectedText(DataType type) {
  return WithElementType(type, [type]<typename T>(const T&) -> std::string {
    if constexpr (std::same_as<T, bool>) {
      return "true or false";
    } else if constexpr (std::integral<T>) {
      return RangeText<T>();
    } else if constexpr (std::same_as<T, std::string>) {
      return "a string";
    } else {
      return "a number in the range of " + std::string(models::ToText(type));
    }
  });
}

tl::unexpected<Error> BadElement(const Tensor& tensor, const DataPlace& place, std::size_t index,
                                 const JsonValue& got) {
  return BadData(tensor, place,
                 "element " + std::to_string(index) + " of " +
                     std::string(models::ToText(tensor.type)) + ": expected " +
                     ExpectedText(tensor.type) + ", got " + Describe(got));
}

// Whether an array holds its elements directly, whatever the rank.
bool IsFlat(const JsonValue& array, Dimensions shape) {
  return shape.size() <= 1 || array.Size() == 0 || !array.At(0).IsArray();
}

// Recursion is bounded: it goes down only where the document has another array.
Status CheckNesting(const JsonValue& value, Dimensions shape, std::size_t dimension,
                    const Tensor& tensor, const DataPlace& place) {
  const std::int64_t expected = shape[dimension];
  if (!value.IsArray() || std::cmp_not_equal(value.Size(), expected)) {
    return BadData(tensor, place,
                   "expected arrays nested as shape " + models::ToText(shape) +
                       ": where dimension " + std::to_string(dimension) + " has " +
                       std::to_string(expected) + " elements, got " + Describe(value));
  }
  if (dimension + 1 == shape.size()) return {};
  JsonElements elements(value);
  while (const auto element = elements.Next()) {
    Status status = CheckNesting(*element, shape, dimension + 1, tensor, place);
    if (!status) return status;
  }
  return {};
}

template <typename T>
std::span<T> ElementsOf(Tensor& tensor) {
  if constexpr (std::same_as<T, std::string>) {
    return tensor.strings;
  } else {
    return tensor.As<T>();
  }
}

// Reads the rows of a nested value, or all of a flat one, behind what was read before.
template <typename T>
class RowReader {
 public:
  RowReader(Tensor& tensor, std::size_t first, const DataPlace& place)
      : tensor_(tensor),
        elements_(ElementsOf<T>(tensor)),
        at_(first),
        first_(first),
        place_(place) {}

  Status Scalar(const JsonValue& value) {
    if (!value.Read(elements_[at_])) return BadElement(tensor_, place_, 0, value);
    return {};
  }

  Status Row(const JsonValue& array) {
    const std::size_t count = array.Size();
    const std::size_t read = array.ReadElements(elements_.subspan(at_, count));
    if (read < count) return BadElement(tensor_, place_, at_ - first_ + read, array.At(read));
    at_ += count;
    return {};
  }

  Status Nested(const JsonValue& value, Dimensions shape) {
    if (shape.size() <= 1) return Row(value);
    JsonElements elements(value);
    while (const auto element = elements.Next()) {
      Status status = Nested(*element, shape.subspan(1));
      if (!status) return status;
    }
    return {};
  }

 private:
  Tensor& tensor_;
  const std::span<T> elements_;
  std::size_t at_;
  const std::size_t first_;
  const DataPlace& place_;
};

// As CheckElements for a value that has to be an array.
Status CheckArray(const JsonValue& value, Dimensions shape, const Tensor& tensor,
                  const DataPlace& place) {
  const auto expected = models::ElementCount(shape);
  if (!expected) {
    return BadData(tensor, place,
                   "shape " + models::ToText(shape) +
                       " has a negative size or more elements than a tensor may have");
  }
  if (!HasJsonForm(tensor.type)) {
    return BadData(
        tensor, place,
        std::string(models::ToText(tensor.type)) +
            " has no JSON form: it travels raw only, with `parameters.binary_data_size` of "
            "the Open Inference Protocol");
  }
  if (!value.IsArray()) {
    return BadData(tensor, place,
                   "expected an array of " + std::to_string(*expected) + " elements for shape " +
                       models::ToText(shape) + ", got " + Describe(value));
  }
  if (!IsFlat(value, shape)) return CheckNesting(value, shape, 0, tensor, place);
  if (value.Size() == *expected) return {};
  return BadData(tensor, place,
                 "expected " + std::to_string(*expected) + " elements for shape " +
                     models::ToText(shape) + ", got " + std::to_string(value.Size()));
}

}  // namespace

std::string DataPlace::ToText() const {
  std::string text = std::string(list) + "[" + std::to_string(index) + "]";
  if (!member.empty()) text.append(".").append(member);
  return text;
}

Status CheckElements(const JsonValue& value, Dimensions shape, const Tensor& tensor,
                     const DataPlace& place) {
  if (shape.empty() && HasJsonForm(tensor.type)) return {};  // the element shows when it is read
  return CheckArray(value, shape, tensor, place);
}

Status ReadElements(const JsonValue& value, Dimensions shape, std::size_t first, Tensor& tensor,
                    const DataPlace& place) {
  return WithElementType(tensor.type, [&]<typename T>(const T&) -> Status {
    RowReader<T> reader(tensor, first, place);
    if (shape.empty()) return reader.Scalar(value);
    return IsFlat(value, shape) ? reader.Row(value) : reader.Nested(value, shape);
  });
}

void Allocate(Tensor& tensor, std::size_t count) {
  tensor.raw.resize(count * models::ElementSize(tensor.type));
  if (tensor.type == DataType::kBytes) tensor.strings.resize(count);
}

Status ReadTensor(const JsonValue& data, Tensor& tensor, const DataPlace& place) {
  Status status = CheckArray(data, tensor.shape, tensor, place);
  if (!status) return status;
  Allocate(tensor, *models::ElementCount(tensor.shape));
  // The one element of an empty shape comes in an array too.
  static constexpr std::int64_t kOne = 1;
  const Dimensions shape = tensor.shape.empty() ? Dimensions(&kOne, 1) : Dimensions(tensor.shape);
  return ReadElements(data, shape, 0, tensor, place);
}

}  // namespace baton::api
