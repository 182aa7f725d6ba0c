// Walks the messages of an ONNX file as they lie there; the numbers are those of onnx.proto.
#include "server/models/onnxruntime/model_file.h"

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fcntl.h>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <sys/mman.h>
#include <sys/stat.h>

#include "server/base/fd.h"

namespace baton::models {
namespace {

constexpr int kMaxDepth = 64;  // of graphs in nodes of graphs
constexpr std::int64_t kStringType = 8;
constexpr std::uint64_t kElementsPerByte = 8;  // at most: the smallest elements have a bit or more
constexpr std::uint64_t kBytesPerString = 2;   // at least: its tag and its length

// What a message can be, for the fields of it that lead to tensors.
enum class Kind { kModel, kGraph, kNode, kAttribute, kTensor, kSparseTensor, kFunction, kOther };

Kind KindOfField(Kind parent, std::uint64_t field) {
  switch (parent) {
    case Kind::kModel:
      return field == 7 ? Kind::kGraph : field == 25 ? Kind::kFunction : Kind::kOther;
    case Kind::kGraph:
      return field == 1    ? Kind::kNode
             : field == 5  ? Kind::kTensor
             : field == 15 ? Kind::kSparseTensor
                           : Kind::kOther;
    case Kind::kFunction: return field == 7 ? Kind::kNode : Kind::kOther;
    case Kind::kNode: return field == 5 ? Kind::kAttribute : Kind::kOther;
    case Kind::kAttribute:
      return field == 5 || field == 10    ? Kind::kTensor
             : field == 6 || field == 11  ? Kind::kGraph
             : field == 22 || field == 23 ? Kind::kSparseTensor
                                          : Kind::kOther;
    case Kind::kSparseTensor: return field == 1 || field == 2 ? Kind::kTensor : Kind::kOther;
    case Kind::kTensor:
    case Kind::kOther: break;
  }
  return Kind::kOther;
}

// Reads one message field by field; stops for good at what is no field.
class Fields {
 public:
  explicit Fields(std::string_view bytes) : bytes_(bytes) {}

  struct Field {
    std::uint64_t number = 0;
    std::uint64_t value = 0;  // of a number
    std::string_view bytes;   // of a message, a text or packed numbers
  };

  std::optional<Field> Next() {
    const auto tag = TakeVarint();
    if (!tag) return std::nullopt;
    Field field;
    field.number = *tag >> 3U;
    switch (*tag & 7U) {
      case 0: {
        const auto value = TakeVarint();
        if (!value) return std::nullopt;
        field.value = *value;
        return field;
      }
      case 1: return TakeBytes(8, field);
      case 5: return TakeBytes(4, field);
      case 2: {
        const auto length = TakeVarint();
        return length ? TakeBytes(*length, field) : std::nullopt;
      }
      default: return std::nullopt;
    }
  }

  std::optional<std::uint64_t> TakeVarint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && !bytes_.empty(); shift += 7) {
      const auto byte = static_cast<unsigned char>(bytes_.front());
      bytes_.remove_prefix(1);
      value |= std::uint64_t{byte & 0x7FU} << shift;
      if ((byte & 0x80U) == 0) return value;
    }
    return std::nullopt;
  }

 private:
  std::optional<Field> TakeBytes(std::uint64_t length, Field field) {
    if (length > bytes_.size()) return std::nullopt;
    field.bytes = bytes_.substr(0, static_cast<std::size_t>(length));
    bytes_.remove_prefix(static_cast<std::size_t>(length));
    return field;
  }

  std::string_view bytes_;
};

// How many elements a tensor declares; as many as there can be numbers for where it is more.
class Elements {
 public:
  void Multiply(std::uint64_t size) {
    constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
    is_empty_ = is_empty_ || size == 0;
    count_ = size != 0 && count_ > kMost / size ? kMost : count_ * (size == 0 ? 1 : size);
  }
  std::uint64_t count() const { return is_empty_ ? 0 : count_; }

 private:
  std::uint64_t count_ = 1;
  bool is_empty_ = false;
};

Status CheckTensor(std::string_view bytes) {
  Elements elements;
  std::string name;
  bool is_strings = false;
  bool is_elsewhere = false;
  Fields fields(bytes);
  while (const auto field = fields.Next()) {
    if (field->number == 1 && field->bytes.empty()) elements.Multiply(field->value);
    if (field->number == 1) {
      Fields packed(field->bytes);
      while (const auto size = packed.TakeVarint()) elements.Multiply(*size);
    }
    if (field->number == 2) is_strings = field->value == kStringType;
    if (field->number == 8) name = field->bytes;
    if (field->number == 14) is_elsewhere = field->value == 1;
  }
  const std::uint64_t most =
      is_strings ? bytes.size() / kBytesPerString : bytes.size() * kElementsPerByte;
  if (elements.count() <= most || (is_elsewhere && !is_strings)) return {};
  return Fail(ErrorCode::kInvalidArgument,
              "tensor '" + name + "' declares " + std::to_string(elements.count()) +
                  " elements, but comes with " + std::to_string(bytes.size()) + " bytes");
}

Status CheckMessage(Kind kind, std::string_view bytes, int depth) {
  if (kind == Kind::kOther) return {};
  if (kind == Kind::kTensor) return CheckTensor(bytes);
  if (depth > kMaxDepth) {
    return Fail(ErrorCode::kInvalidArgument, "is nested too deep for an ONNX model");
  }
  Fields fields(bytes);
  while (const auto field = fields.Next()) {
    Status status = CheckMessage(KindOfField(kind, field->number), field->bytes, depth + 1);
    if (!status) return status;
  }
  return {};
}

Status Unreadable() {
  return Fail(ErrorCode::kInvalidArgument, "cannot be read: " + std::string(std::strerror(errno)));
}

}  // namespace

Status CheckOnnxBytes(std::span<const std::byte> bytes) {
  return CheckMessage(Kind::kModel, {reinterpret_cast<const char*>(bytes.data()), bytes.size()}, 0);
}

Status CheckOnnxFile(const std::filesystem::path& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status {};
  if (!fd.valid() || ::fstat(fd.get(), &status) != 0) return Unreadable();
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size == 0) return {};
  void* const mapped = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd.get(), 0);
  if (mapped == MAP_FAILED) return Unreadable();
  Status checked = CheckOnnxBytes({static_cast<const std::byte*>(mapped), size});
  ::munmap(mapped, size);
  return checked;
}

}  // namespace baton::models
