// A request line out of bytes, resumable at any byte.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "server/http/refusal_kind.h"

namespace baton::http {

// Takes at most one empty line, then a line that starts with a token character, holds only 0x20 to
// 0x7E and ends in CR LF. A byte that cannot belong to one is a fault at once: who speaks another
// protocol is told so without waiting for a line end.
class LineReader {
 public:
  // `max_bytes` is for the line without its end.
  explicit LineReader(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  enum class State { kWaiting, kInside, kComplete, kFaulty };
  State state() const { return state_; }

  // Returns how many bytes were used, never more than the line's end. Requires: kWaiting or
  // kInside.
  std::size_t Read(std::string_view bytes);

  // Requires: kComplete. Without its end; into this or into the bytes of the last Read.
  std::string_view line() const { return line_; }
  // Requires: kFaulty. Into the bytes of the last Read.
  const Fault& fault() const { return *fault_; }

  std::size_t held_bytes() const { return pieces_.size(); }  // of a line that came in pieces
  void Reset();

 private:
  std::size_t SkipEmptyLine(std::string_view bytes);
  std::size_t EndPiece(std::string_view piece, std::string_view rest);
  void Fail(RefusalKind kind, std::string_view expected, std::string_view got = {});

  std::size_t max_bytes_;
  State state_ = State::kWaiting;
  bool has_cr_ = false;  // the byte before was a CR
  bool had_empty_line_ = false;
  std::string pieces_;  // a line that came in more than one
  std::string_view line_;
  std::optional<Fault> fault_;
};

}  // namespace baton::http
