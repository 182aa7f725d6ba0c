// The phases of one request, and llhttp driven through those that are its.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "llhttp.h"

#include "server/http/head_fields.h"
#include "server/http/limits.h"
#include "server/http/line_reader.h"
#include "server/http/message.h"
#include "server/http/refusal_kind.h"
#include "server/http/request_parser.h"

namespace baton::http {

enum class Phase {
  kLine,        // the request line, or the empty line before it; -> kFields
  kFields,      // header lines; -> kLengthBody, kChunkLine, kComplete
  kLengthBody,  // a body of known length; -> kComplete
  kChunkLine,   // a chunk's size and extensions; -> kChunkData, kTrailer
  kChunkData,   // a chunk's bytes and the line end after them; -> kChunkLine
  kTrailer,     // lines after the last chunk; -> kComplete
  kComplete,    // -> kLine by Restart()
  kRefused,     // reached from any but kComplete
};

// What RequestParser hides. Every check is made at a byte's place in the request, never at the end
// of a piece of input, so that where the input was cut cannot change the outcome.
//
// Invariant: llhttp sees only bytes of kFields, kChunkLine, kChunkData and kTrailer, and never more
// of them than the phase's limit allows. Not movable: llhttp points to it.
class RequestMachine {
 public:
  explicit RequestMachine(const Limits& limits);
  RequestMachine(const RequestMachine&) = delete;
  RequestMachine& operator=(const RequestMachine&) = delete;

  // Takes bytes, at least one, of the current phase; returns how many. Requires: not IsDone(),
  // bytes.
  std::size_t Step(std::string_view bytes);
  // As in RequestParser.
  std::span<char> BodyRoom();
  void Restart();

  Phase phase() const { return phase_; }
  bool IsDone() const { return phase_ == Phase::kComplete || phase_ == Phase::kRefused; }
  bool IsUntouched() const {
    return phase_ == Phase::kLine && line_.state() == LineReader::State::kWaiting;
  }
  Request& request() { return request_; }
  std::size_t held_bytes() const;
  // As in RequestParser.
  std::uint64_t BodyBytesLeft() const;
  Request TakeHead(std::size_t at_most);
  const Refusal& refusal() const { return refusal_; }
  bool& continue_is_due() { return continue_is_due_; }

 private:
  struct Callbacks;  // llhttp's way in

  std::size_t ReadLine(std::string_view bytes);
  std::size_t ReadFields(std::string_view bytes);
  std::size_t ReadLengthBody(std::string_view bytes);
  std::size_t ReadChunkLine(std::string_view bytes);
  std::size_t ReadTrailer(std::string_view bytes);
  std::size_t Execute(std::string_view bytes);

  int EndHead();
  int TakeExtensionValue(std::string_view piece);
  int EndExtensionPart();
  int EndChunkLine();
  int EndChunk();
  void Complete();
  void AppendBody(std::string_view bytes, std::uint64_t announced);
  void ReserveBody(std::size_t needed, std::size_t come, std::uint64_t whole);
  int Checked(const std::optional<Fault>& fault);
  void Refuse(const Fault& fault);
  void Refuse(RefusalKind kind, std::string message);
  void RefuseAfter(llhttp_errno_t error);

  // Set once.
  const Limits limits_;

  // Of the connection.
  Refusal refusal_;
  std::string refusal_message_;

  // Of the request.
  Phase phase_ = Phase::kLine;
  LineReader line_;
  HeadFields fields_;
  llhttp_t llhttp_{};
  Request request_;
  bool continue_is_due_ = false;
  bool forgets_body_ = false;
  std::size_t body_size_ = 0;             // of request_.body, which has room behind it meanwhile
  std::uint64_t body_left_ = 0;           // of a kLengthBody
  std::uint64_t chunks_room_ = 0;         // for chunks after the one under way
  std::size_t phase_bytes_ = 0;           // taken in kFields, kChunkLine or kTrailer
  std::size_t extension_bytes_ = 0;       // of the chunk lines before this one
  std::size_t extension_part_bytes_ = 0;  // of the name or value that is being read
  bool extension_is_quoted_ = false;
  std::size_t chunk_digits_ = 0;  // of this chunk line's size
  bool chunk_digits_ended_ = false;
};

}  // namespace baton::http
