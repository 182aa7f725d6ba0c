// Serialized inference requests as they are looked through before protobuf sees them: nothing is
// read beyond the message, every field is found where it stands, and all looks at it agree.
#include <string>
#include <string_view>

#include "server/api/grpc/field_count.h"
#include "server/api/grpc/infer_peek.h"
#include "server/api/grpc/wire_format.h"
#include "tests/fuzz/fuzzer.h"

namespace baton::fuzz {
namespace {

using api::WireField;
using api::WireReader;

constexpr std::uint32_t kId = 3;

bool LiesIn(std::string_view part, std::string_view whole) {
  if (part.empty()) return true;
  return part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size();
}

void CheckField(const WireField& field, std::string_view message) {
  Require(field.number != 0, "a field has a number");
  Require(LiesIn(field.whole, message) && LiesIn(field.bytes, field.whole), "a field lies inside");
  if (field.kind != WireField::Kind::kBytes) return;
  std::string again;
  api::AppendBytesField(again, field.number, field.bytes);
  RequireEqual(again.size(), api::BytesFieldSize(field.number, field.bytes.size()), "its size");
  WireReader reader(again);
  const auto read = reader.Next();
  Require(read && read->number == field.number && read->bytes == field.bytes,
          "a field that was written reads as it was", again);
  Require(!reader.Next() && !reader.is_malformed(), "and nothing follows it", again);
}

// The fields one after the other are the message. Returns whether it is well formed.
bool CheckFields(std::string_view message) {
  WireReader reader(message);
  std::size_t at = 0;
  while (const auto field = reader.Next()) {
    CheckField(*field, message);
    RequireEqual(field->whole.data() - message.data(), static_cast<std::ptrdiff_t>(at),
                 "where a field begins");
    at += field->whole.size();
  }
  if (!reader.is_malformed()) RequireEqual(at, message.size(), "where the last field ends");
  return !reader.is_malformed();
}

void CheckPeek(const api::InferPeek& peek, std::string_view message) {
  for (const std::string_view part :
       {peek.model_name, peek.model_version, peek.id, peek.id_field}) {
    Require(LiesIn(part, message), "what is seen lies in the message");
  }
  if (peek.id_field.empty()) return Require(peek.id.empty(), "an id has a field");
  WireReader reader(peek.id_field);
  const auto field = reader.Next();
  Require(field && field->number == kId && field->bytes == peek.id, "the field is that of the id");
  if (!peek.saw_all) return;
  // Without its id it is the same request.
  const auto begin = static_cast<std::size_t>(peek.id_field.data() - message.data());
  std::string rest(message.substr(0, begin));
  rest += message.substr(begin + peek.id_field.size());
  const auto other = api::PeekInferRequest(rest);
  Require(other && other->model_name == peek.model_name && other->timeout == peek.timeout &&
              other->priority == peek.priority,
          "a request without its id says the same", rest);
}

void CheckMessage(std::string_view message) {
  const bool is_well_formed = CheckFields(message);
  const auto peek = api::PeekInferRequest(message);
  if (peek) CheckPeek(*peek, message);
  const Status count = api::CheckFieldCount(message);
  if (!count) return Require(!count.error().message.empty(), "an error says what is wrong");
  Require(is_well_formed, "what is counted is well formed");
  Require(peek.has_value(), "what is counted can be looked into");
}

}  // namespace
}  // namespace baton::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  baton::fuzz::CheckMessage(baton::fuzz::AsText(data, size));
  return 0;
}
