// Checking and indenting of JSON; the only unit of the client that includes simdjson.
#include "client/cli/json_text.h"

#include <simdjson.h>

namespace baton::client {
namespace {

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// The end of the string that begins with the quote at `at`: one past its closing quote.
std::size_t EndOfString(std::string_view json, std::size_t at) {
  for (++at; at < json.size() && json[at] != '"'; ++at) {
    if (json[at] == '\\') ++at;
  }
  return std::min(at + 1, json.size());
}

// One past the bracket that closes the array at `at`, when it holds scalars only; else 0.
std::size_t EndOfFlatArray(std::string_view json, std::size_t at) {
  for (++at; at < json.size();) {
    const char c = json[at];
    if (c == ']') return at + 1;
    if (c == '[' || c == '{') return 0;
    at = c == '"' ? EndOfString(json, at) : at + 1;
  }
  return 0;
}

// Rewrites the spaces between the tokens of valid JSON.
class Indenter {
 public:
  explicit Indenter(std::string_view json) : json_(json) {}

  std::string Run() {
    for (std::size_t at = 0; at < json_.size();) at = Take(at);
    return std::move(out_);
  }

 private:
  std::size_t Take(std::size_t at) {
    const char c = json_[at];
    if (IsSpace(c)) return at + 1;
    if (c == '"') {
      const std::size_t end = EndOfString(json_, at);
      out_.append(json_.substr(at, end - at));
      return end;
    }
    if (c == '[') {
      const std::size_t end = EndOfFlatArray(json_, at);
      if (end != 0) {
        AppendFlat(at, end);
        return end;
      }
    }
    switch (c) {
      case '{':
      case '[': Open(at); break;
      case '}':
      case ']': Close(c); break;
      case ',':
        out_ += c;
        NewLine();
        break;
      case ':': out_ += ": "; break;
      default: out_ += c;
    }
    return at + 1;
  }

  void Open(std::size_t at) {
    out_ += json_[at];
    ++depth_;
    std::size_t next = at + 1;
    while (next < json_.size() && IsSpace(json_[next])) ++next;
    is_empty_ = next < json_.size() && (json_[next] == '}' || json_[next] == ']');
    if (!is_empty_) NewLine();
  }

  void Close(char bracket) {
    --depth_;
    if (!is_empty_) NewLine();
    is_empty_ = false;
    out_ += bracket;
  }

  void AppendFlat(std::size_t at, std::size_t end) {
    while (at < end) {
      const std::size_t next = json_[at] == '"' ? EndOfString(json_, at) : at + 1;
      if (!IsSpace(json_[at])) out_.append(json_.substr(at, next - at));
      if (json_[at] == ',') out_ += ' ';
      at = next;
    }
  }

  void NewLine() { out_.append("\n").append(2 * depth_, ' '); }

  std::string_view json_;
  std::string out_;
  std::size_t depth_ = 0;
  bool is_empty_ = false;
};

}  // namespace

bool IsJson(std::string_view text) {
  simdjson::dom::parser parser;
  return parser.parse(text.data(), text.size()).error() == simdjson::SUCCESS;
}

std::string PrettyJson(std::string_view json) { return Indenter(json).Run(); }

std::string PrintableText(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    const bool is_control = static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    if (is_control && c != '\n' && c != '\t') c = '?';
  }
  return out;
}

}  // namespace baton::client
