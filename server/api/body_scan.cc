// A scanner for one level of JSON that skips what lies deeper.
#include "server/api/body_scan.h"

#include <bit>
#include <bitset>
#include <charconv>
#include <cstring>

#include "server/api/budget_headers.h"
#include "server/api/json.h"
#include "server/api/json_syntax.h"

namespace baton::api {
namespace {

// Eight bytes at a time: each function below sets the top bit of the bytes that it looks for, and
// perhaps of bytes behind the first of them.
constexpr std::size_t kBlock = sizeof(std::uint64_t);

constexpr std::uint64_t Repeat(unsigned char byte) { return 0x0101010101010101U * byte; }

constexpr std::uint64_t FlagBelow(std::uint64_t word, unsigned char limit) {
  return (word - Repeat(limit)) & ~word & Repeat(0x80);
}

constexpr std::uint64_t Flag(std::uint64_t word, unsigned char wanted) {
  return FlagBelow(word ^ Repeat(wanted), 1);
}

// Quotes and brackets, and a few bytes more: the brackets differ from 0x7f only within the bits of
// 0x26.
constexpr std::uint64_t FlagStructure(std::uint64_t word) {
  return Flag(word, '"') | Flag(word | Repeat(0x26), 0x7f);
}

// What cannot be passed over inside a string.
constexpr std::uint64_t FlagStringEnd(std::uint64_t word) {
  return Flag(word, '"') | Flag(word, '\\') | FlagBelow(word, ' ');
}

// The first byte from `at` on that is flagged, or one of the last few before `end`.
template <typename FlagBytes>
const char* SkipBlocks(const char* at, const char* end, const FlagBytes& flag_bytes) {
  for (; static_cast<std::size_t>(end - at) >= kBlock; at += kBlock) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, kBlock);
    const std::uint64_t flags = flag_bytes(word);
    if (flags == 0) continue;
    if constexpr (std::endian::native == std::endian::big) return at;
    return at + std::countr_zero(flags) / 8;
  }
  return at;
}

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// Every method returns false when the text stops making sense or ends (ran_out()).
class Scanner {
 public:
  explicit Scanner(std::string_view text) : at_(text.data()), end_(at_ + text.size()) {}

  bool ran_out() const { return at_ == end_; }

  bool TopLevel(BodyAsk& found) {
    bool has_parameters = false;
    bool has_id = false;
    const auto on_member = [&](std::string_view key) {
      const bool is_id = key == "id";
      if (!is_id && key != "parameters") return SkipValue();
      bool& is_given = is_id ? has_id : has_parameters;
      if (is_given) return Refuse(found);
      is_given = true;
      return is_id ? Id(found) : Parameters(found);
    };
    if (!Object(on_member)) return false;
    SkipSpace();
    return ran_out();
  }

  bool is_refused() const { return is_refused_; }

 private:
  // Not cut short but wrong: nothing that was found counts.
  bool Refuse(BodyAsk& found) {
    found = BodyAsk();
    is_refused_ = true;
    return false;
  }

  bool Id(BodyAsk& found) {
    SkipSpace();
    if (ran_out() || *at_ != '"') return SkipValue();
    const char* const begin = at_;
    std::string_view inside;
    if (!String(inside)) return false;
    const std::string_view id(begin, static_cast<std::size_t>(at_ - begin));
    // It may be echoed without the decoder ever seeing it.
    if (FindSyntaxError(id, 0) || !IsUtf8(id)) return Refuse(found);
    found.id = id;
    return true;
  }

  // Only parameters that are there whole count; null is none.
  bool Parameters(BodyAsk& found) {
    SkipSpace();
    if (!ran_out() && *at_ == 'n') return SkipScalar(nullptr);
    BodyAsk asked = found;
    bool has_timeout = false;
    bool has_priority = false;
    const auto on_member = [&](std::string_view key) {
      const bool is_timeout = key == "timeout";
      if (!is_timeout && key != "priority") return SkipScalar(nullptr);
      bool& is_given = is_timeout ? has_timeout : has_priority;
      if (is_given) return Refuse(found);
      is_given = true;
      std::optional<std::uint64_t> number;
      if (!SkipScalar(&number)) return false;
      if (!is_timeout) asked.priority = number;
      if (is_timeout && number) asked.timeout = TimeoutFromMicros(*number);
      return true;
    };
    if (!Object(on_member)) return false;
    found = asked;
    return true;
  }

  // Calls on_member(key) at each value, which it takes.
  template <typename OnMember>
  bool Object(const OnMember& on_member) {
    if (!Take('{')) return false;
    SkipSpace();
    if (!ran_out() && *at_ == '}') return Take('}');
    while (true) {
      std::string_view key;
      if (!String(key)) return false;
      if (key.find('\\') != std::string_view::npos) return false;  // could be any key
      if (!Take(':') || !on_member(key)) return false;
      SkipSpace();
      if (ran_out()) return false;
      if (*at_ == '}') return Take('}');
      if (!Take(',')) return false;
    }
  }

  void SkipSpace() {
    while (at_ < end_ && IsSpace(*at_)) ++at_;
  }

  bool Take(char c) {
    SkipSpace();
    if (ran_out() || *at_ != c) return false;
    ++at_;
    return true;
  }

  // Takes a string; `inside` is what stands between its quotes, escapes and all.
  bool String(std::string_view& inside) {
    if (!Take('"')) return false;
    const char* const begin = at_;
    while ((at_ = SkipBlocks(at_, end_, FlagStringEnd)) < end_ && *at_ != '"') {
      if (static_cast<unsigned char>(*at_) < ' ') return false;
      if (*at_ == '\\' && ++at_ == end_) return false;
      ++at_;
    }
    if (ran_out()) return false;
    inside = {begin, static_cast<std::size_t>(at_ - begin)};
    ++at_;
    return true;
  }

  // Takes a number, a word or a string; tells whole numbers that are not negative.
  bool SkipScalar(std::optional<std::uint64_t>* number) {
    SkipSpace();
    if (ran_out()) return false;
    std::string_view token;
    if (*at_ == '"') return String(token);
    const char* const begin = at_;
    while (at_ < end_ && *at_ != ',' && *at_ != '}' && *at_ != ']' && !IsSpace(*at_)) ++at_;
    token = {begin, static_cast<std::size_t>(at_ - begin)};
    if (ran_out() ||
        std::string_view("-0123456789tfn").find(token.empty() ? '\0' : token.front()) ==
            std::string_view::npos) {
      return false;
    }
    return number == nullptr || WholeNumber(token, *number);
  }

  static bool WholeNumber(std::string_view token, std::optional<std::uint64_t>& number) {
    const bool is_digits = token.find_first_not_of("0123456789") == std::string_view::npos;
    if (token == "-0") number = 0;
    if (!is_digits) return true;
    if (token.size() > 1 && token.front() == '0') return false;
    std::uint64_t value = 0;
    const auto failure = std::from_chars(token.data(), token.data() + token.size(), value).ec;
    if (failure == std::errc()) number = value;  // else a double, to the decoder
    return true;
  }

  bool SkipValue() {
    SkipSpace();
    if (ran_out()) return false;
    return *at_ == '{' || *at_ == '[' ? SkipNested() : SkipScalar(nullptr);
  }

  // Takes an array or object with all that lies in it, matching brackets and passing over strings.
  bool SkipNested() {
    std::bitset<kMaxJsonDepth> is_object;  // of each open level
    std::size_t depth = 0;
    std::string_view ignored;
    while (at_ < end_) {
      at_ = SkipBlocks(at_, end_, FlagStructure);
      if (ran_out()) return false;
      const char c = *at_;
      if (c == '"') {
        if (!String(ignored)) return false;
        continue;
      }
      ++at_;
      if (c == '{' || c == '[') {
        if (depth + 1 == is_object.size()) return false;  // the top level is one, too
        is_object[depth++] = c == '{';
      } else if (c == '}' || c == ']') {
        if (is_object[--depth] != (c == '}')) return false;
        if (depth == 0) return true;
      }
    }
    return false;
  }

  const char* at_;
  const char* end_;
  bool is_refused_ = false;
};

}  // namespace

BodyAsk ScanBody(std::string_view body, std::size_t most) noexcept {
  const std::string_view window = body.substr(0, most);
  Scanner scanner(window);
  BodyAsk found;
  if (scanner.TopLevel(found)) {
    found.saw_all = window.size() == body.size();
    return found;
  }
  // What came before the end of the window counts if the body goes on behind it.
  const bool is_cut = scanner.ran_out() && window.size() < body.size() && !scanner.is_refused();
  return is_cut ? found : BodyAsk();
}

}  // namespace baton::api
