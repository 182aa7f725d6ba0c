// Skipping from field to field, with the last of a kind in force, as protobuf has it.
#include "server/api/grpc/infer_peek.h"

#include <limits>

#include "server/api/budget_headers.h"
#include "server/api/grpc/wire_format.h"

namespace baton::api {
namespace {

using Kind = WireField::Kind;

// ModelInferRequest's numbers.
constexpr std::uint32_t kModelName = 1;
constexpr std::uint32_t kModelVersion = 2;
constexpr std::uint32_t kId = 3;
constexpr std::uint32_t kParameters = 4;

// A map's entry.
struct Entry {
  std::string_view key;
  std::string_view value;
};

std::optional<Entry> ReadEntry(std::string_view bytes) {
  Entry entry;
  WireReader fields(bytes);
  while (const auto field = fields.Next()) {
    if (field->kind != Kind::kBytes) continue;
    if (field->number == 1) entry.key = field->bytes;
    if (field->number == 2) entry.value = field->bytes;
  }
  if (fields.is_malformed()) return std::nullopt;
  return entry;
}

bool PeekParameter(std::string_view bytes, InferPeek& peek) {
  const auto entry = ReadEntry(bytes);
  if (!entry) return false;
  if (entry->key == "timeout") {
    peek.timeout = TimeoutFromMicros(WholeNumberOf(entry->value).value_or(0));
  } else if (entry->key == "priority") {
    peek.priority = WholeNumberOf(entry->value);
  }
  return true;
}

}  // namespace

std::optional<std::uint64_t> WholeNumberOf(std::string_view parameter) noexcept {
  constexpr std::uint32_t kInt64Param = 2;
  constexpr std::uint32_t kUint64Param = 5;
  std::optional<std::uint64_t> number;
  WireReader fields(parameter);
  while (const auto field = fields.Next()) {
    const bool is_negative =
        field->number == kInt64Param &&
        field->varint > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    const bool is_whole = field->number == kInt64Param || field->number == kUint64Param;
    number.reset();  // of a oneof the last is in force
    if (is_whole && field->kind == Kind::kVarint && !is_negative) number = field->varint;
  }
  return number;
}

std::optional<InferPeek> PeekInferRequest(std::string_view message) noexcept {
  InferPeek peek;
  WireReader fields(message);
  for (int i = 0; i < kMostPeekedFields; ++i) {
    const auto field = fields.Next();
    if (!field) {
      peek.saw_all = true;
      break;
    }
    if (field->kind != Kind::kBytes) continue;
    if (field->number == kModelName) peek.model_name = field->bytes;
    if (field->number == kModelVersion) peek.model_version = field->bytes;
    if (field->number == kId) {
      peek.id = field->bytes;
      peek.id_field = field->whole;
    }
    if (field->number == kParameters && !PeekParameter(field->bytes, peek)) return std::nullopt;
  }
  if (fields.is_malformed()) return std::nullopt;
  return peek;
}

}  // namespace baton::api
