// A walk through the messages inside the message, by the protocol's numbers.
#include "server/api/grpc/field_count.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "server/api/bad_input.h"
#include "server/api/grpc/wire_format.h"

namespace baton::api {
namespace {

enum class Part { kNone, kRequest, kInput, kOutput, kContents, kParameters, kParameter };

struct Inner {
  Part part;
  std::uint32_t number;
  Part holds;
};
constexpr std::array kInner = {
    Inner{Part::kRequest, 4, Part::kParameters},  Inner{Part::kRequest, 5, Part::kInput},
    Inner{Part::kRequest, 6, Part::kOutput},      Inner{Part::kInput, 4, Part::kParameters},
    Inner{Part::kInput, 5, Part::kContents},      Inner{Part::kOutput, 2, Part::kParameters},
    Inner{Part::kParameters, 2, Part::kParameter}};
constexpr std::uint32_t kInputShape = 3;
constexpr std::uint32_t kLastOfContents = 8;

constexpr std::array<std::string_view, 8> kRequestFields = {{{},
                                                             "model_name",
                                                             "model_version",
                                                             "id",
                                                             "parameters",
                                                             "inputs",
                                                             "outputs",
                                                             "raw_input_contents"}};

Part PartIn(Part part, std::uint32_t number) {
  for (const Inner& inner : kInner) {
    if (inner.part == part && inner.number == number) return inner.holds;
  }
  return Part::kNone;
}

// Elements count nothing. The sizes of a shape come in one field.
std::size_t WeightOf(Part part, const WireField& field) {
  if (part == Part::kContents && field.number <= kLastOfContents) return 0;
  return part == Part::kInput && field.number == kInputShape ? 1 + field.bytes.size() : 1;
}

enum class Count { kFits, kTooMany, kMalformed };

// Takes what the message holds from `left`.
Count TakeAll(Part part, std::string_view message, std::size_t& left);

Count TakeField(Part part, const WireField& field, std::size_t& left) {
  const std::size_t weight = WeightOf(part, field);
  if (weight > left) return Count::kTooMany;
  left -= weight;
  const Part inner = PartIn(part, field.number);
  if (inner == Part::kNone || field.kind != WireField::Kind::kBytes) return Count::kFits;
  return TakeAll(inner, field.bytes, left);
}

Count TakeAll(Part part, std::string_view message, std::size_t& left) {
  WireReader fields(message);
  while (const auto field = fields.Next()) {
    const Count count = TakeField(part, *field, left);
    if (count != Count::kFits) return count;
  }
  return fields.is_malformed() ? Count::kMalformed : Count::kFits;
}

Error TooMany(std::uint32_t number) {
  const bool is_known = number < kRequestFields.size() && !kRequestFields[number].empty();
  return BadInput(std::string(is_known ? kRequestFields[number] : "the message"),
                  "at most " + std::to_string(kMostFields) +
                      " fields and sizes of shapes around the elements, in all",
                  "more");
}

}  // namespace

Status CheckFieldCount(std::string_view message) {
  std::size_t left = kMostFields;
  WireReader fields(message);
  while (const auto field = fields.Next()) {
    switch (TakeField(Part::kRequest, *field, left)) {
      case Count::kFits: break;
      case Count::kTooMany: return tl::unexpected(TooMany(field->number));
      case Count::kMalformed: return Fail(ErrorCode::kInvalidArgument, kNoInferRequest);
    }
  }
  if (fields.is_malformed()) return Fail(ErrorCode::kInvalidArgument, kNoInferRequest);
  return {};
}

}  // namespace baton::api
