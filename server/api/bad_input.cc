// Wording of errors about input; only ever run for input that is refused.
#include "server/api/bad_input.h"

#include "server/base/json_writer.h"

namespace baton::api {
namespace {

constexpr std::size_t kLongestQuote = 64;

bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

}  // namespace

std::string Quoted(std::string_view text) {
  std::string out = "'";
  if (text.size() <= kLongestQuote) {
    out += text;
  } else {
    std::size_t end = kLongestQuote;
    while (end > 0 && IsContinuation(text[end])) --end;
    out += text.substr(0, end);
    out += "...";
  }
  out += '\'';
  return out;
}

std::string Describe(const JsonValue& value) {
  std::string out;
  switch (value.kind()) {
    case JsonKind::kNull: return "null";
    case JsonKind::kBool: return value.Bool() ? "true" : "false";
    case JsonKind::kInt64: AppendJsonNumber(out, value.Int64()); return out;
    case JsonKind::kUint64: AppendJsonNumber(out, value.Uint64()); return out;
    case JsonKind::kDouble: AppendJsonNumber(out, value.Double()); break;
    case JsonKind::kString: return "the string " + Quoted(value.Text());
    case JsonKind::kArray: return "an array of " + std::to_string(value.Size());
    case JsonKind::kObject: return "an object";
  }
  // The shortest text of 1.0 is "1", which would read as the integer that was expected.
  if (out.find_first_of(".eE") == std::string::npos) out += ".0";
  return out;
}

Error BadInput(std::string field, std::string_view expected, std::string_view got) {
  std::string message = field + ": expected " + std::string(expected) + ", got " + std::string(got);
  return Error{ErrorCode::kInvalidArgument, std::move(message), std::move(field)};
}

Error BadInput(std::string field, std::string_view expected, const JsonValue& got) {
  return BadInput(std::move(field), expected, Describe(got));
}

}  // namespace baton::api
