// Finding the end of a request line.
#include "server/http/line_reader.h"

#include <algorithm>

#include "server/http/characters.h"

namespace baton::http {
namespace {

bool IsInLine(char c) { return c == ' ' || Is(kVisibleChar, c); }

}  // namespace

void LineReader::Reset() {
  state_ = State::kWaiting;
  has_cr_ = had_empty_line_ = false;
  pieces_.clear();
  line_ = {};
  fault_.reset();
}

void LineReader::Fail(RefusalKind kind, std::string_view expected, std::string_view got) {
  fault_ = Fault{kind, expected, got};
  state_ = State::kFaulty;
}

// One empty line before a request is some old client's habit (RFC 9112, 2.2); a second one is no
// request.
std::size_t LineReader::SkipEmptyLine(std::string_view bytes) {
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    const char c = bytes[at];
    if (!has_cr_ && Is(kTokenChar, c)) {
      state_ = State::kInside;
      return at;
    }
    if (has_cr_ ? c != '\n' : c != '\r' || had_empty_line_) {
      Fail(RefusalKind::kBadRequestLine, "a request must start with its method",
           bytes.substr(at, 1));
      return at;
    }
    had_empty_line_ = has_cr_;
    has_cr_ = !has_cr_;
  }
  return bytes.size();
}

std::size_t LineReader::Read(std::string_view bytes) {
  const std::size_t begin = state_ == State::kWaiting ? SkipEmptyLine(bytes) : 0;
  if (state_ != State::kInside) return begin;
  std::size_t end = begin;
  if (!has_cr_) {
    const std::size_t stop = begin + std::min(bytes.size() - begin, max_bytes_ - pieces_.size());
    while (end < stop && IsInLine(bytes[end])) ++end;
    if (end == stop && end < bytes.size() && IsInLine(bytes[end])) {
      Fail(RefusalKind::kRequestLineTooLong, "the request line is longer than allowed");
      return end;
    }
  }
  return end + EndPiece(bytes.substr(begin, end - begin), bytes.substr(end));
}

// `piece` belongs to the line; CR LF has to follow, as far as it has come. Returns how much of it
// was used.
std::size_t LineReader::EndPiece(std::string_view piece, std::string_view rest) {
  std::size_t used = 0;
  if (!has_cr_ && !rest.empty()) {
    has_cr_ = rest.front() == '\r';
    used = has_cr_ ? 1 : 0;
  }
  if (used == rest.size()) {
    pieces_ += piece;
    return used;
  }
  if (!has_cr_ || rest[used] != '\n') {
    Fail(RefusalKind::kBadRequestLine, "a request line must be visible ASCII and end in CR LF",
         rest.substr(used, 1));
    return used;
  }
  if (pieces_.empty()) {
    line_ = piece;
  } else {
    pieces_ += piece;
    line_ = pieces_;
  }
  state_ = State::kComplete;
  return used + 1;
}

}  // namespace baton::http
