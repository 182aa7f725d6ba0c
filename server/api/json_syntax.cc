// A strict scanner that keeps one bit a level instead of recursing.
#include "server/api/json_syntax.h"

#include <bitset>
#include <string>

#include "server/api/json.h"

namespace baton::api {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsHex(char c) { return IsDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

// Each method leaves `at` behind what it took, or at the offending byte when it returns false.
class Scanner {
 public:
  Scanner(std::string_view text, std::size_t max_depth) : text_(text), max_depth_(max_depth) {}

  std::size_t at() const { return at_; }

  bool Document() {
    do {
      if (!ValueOrOpening()) return false;
    } while (!at_value_end_ || !CloseLevels());
    if (failed_) return false;
    SkipSpace();
    return at_ == text_.size();
  }

 private:
  char Peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool Take(char c) {
    if (Peek() != c) return false;
    ++at_;
    return true;
  }
  void SkipSpace() {
    while (at_ < text_.size() &&
           std::string_view(" \t\r\n").find(text_[at_]) != std::string::npos) {
      ++at_;
    }
  }

  // A scalar or an empty container whole, or the opening of a container with its first key.
  bool ValueOrOpening() {
    SkipSpace();
    at_value_end_ = true;
    switch (Peek()) {
      case '{': return Open(true);
      case '[': return Open(false);
      case '"': return String();
      case 't': return Word("true");
      case 'f': return Word("false");
      case 'n': return Word("null");
      default: return Number();
    }
  }

  bool Open(bool is_object) {
    const std::size_t opening = at_++;
    SkipSpace();
    if (Take(is_object ? '}' : ']')) return true;
    if (depth_ == max_depth_ || depth_ == kMaxJsonDepth) {
      at_ = opening;
      return false;
    }
    is_object_[depth_++] = is_object;
    at_value_end_ = false;
    return !is_object || Key();
  }

  // After a value: takes closings and commas until the next value is due (false) or nothing is open
  // or wrong (true).
  bool CloseLevels() {
    while (depth_ > 0) {
      SkipSpace();
      const bool is_object = is_object_[depth_ - 1];
      if (Take(',')) {
        failed_ = is_object && !Key();
        return failed_;
      }
      failed_ = !Take(is_object ? '}' : ']');
      if (failed_) return true;
      --depth_;
    }
    return true;
  }

  bool Key() {
    SkipSpace();
    if (Peek() != '"' || !String()) return false;
    SkipSpace();
    return Take(':');
  }

  bool String() {
    ++at_;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (static_cast<unsigned char>(c) < 0x20) return false;
      if (c == '\\' && !Escape()) return false;
      if (c == '\\') continue;
      ++at_;
      if (c == '"') return true;
    }
    return false;
  }

  bool Escape() {
    ++at_;
    if (Take('u')) {
      for (int i = 0; i < 4; ++i) {
        if (!IsHex(Peek())) return false;
        ++at_;
      }
      return true;
    }
    if (std::string_view("\"\\/bfnrt").find(Peek()) == std::string_view::npos) return false;
    ++at_;
    return true;
  }

  bool Word(std::string_view word) {
    for (const char c : word) {
      if (!Take(c)) return false;
    }
    return true;
  }

  bool Digits() {
    if (!IsDigit(Peek())) return false;
    while (IsDigit(Peek())) ++at_;
    return true;
  }

  bool Number() {
    Take('-');
    if (!Take('0') && !Digits()) return false;
    if (Take('.') && !Digits()) return false;
    if (Take('e') || Take('E')) {
      if (!Take('+')) Take('-');
      return Digits();
    }
    return true;
  }

  std::string_view text_;
  std::size_t max_depth_;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
  std::bitset<kMaxJsonDepth> is_object_;
  bool at_value_end_ = false;
  bool failed_ = false;
};

}  // namespace

std::optional<std::size_t> FindSyntaxError(std::string_view text, std::size_t max_depth) {
  Scanner scanner(text, max_depth);
  if (scanner.Document()) return std::nullopt;
  return scanner.at();
}

}  // namespace baton::api
