// Phase by phase through a request.
#include "server/http/request_machine.h"

#include <algorithm>
#include <utility>

#include "server/base/check.h"
#include "server/base/spare_buffers.h"
#include "server/http/characters.h"
#include "server/http/request_line.h"

namespace baton::http {
namespace {

constexpr std::size_t kBodyPaddingBytes = 64;         // for readers that look beyond the end
constexpr std::size_t kBodyReserveBytes = 64 * 1024;  // at most this on a client's mere word
constexpr std::size_t kBelievedGrowth = 8;            // so many times what has come
constexpr std::size_t kRoomBytes = 256 * 1024;        // for one read of a body
constexpr std::size_t kRoomWorthBytes = 16 * 1024;    // less is copied
constexpr std::size_t kMaxChunkSizeDigits = 16;       // of a 64-bit number
constexpr std::size_t kLineEndBytes = 2;
constexpr std::size_t kMaxQuotedBytes = 48;

constexpr std::string_view kBothFramings =
    "Content-Length and Transfer-Encoding must not come together";

// What was expected and what came, the latter cut and made printable.
std::string Describe(const Fault& fault) {
  std::string text(fault.expected);
  if (fault.got.empty()) return text;
  text += "; got '";
  for (const char c : fault.got.substr(0, kMaxQuotedBytes)) {
    text += c == ' ' || Is(kVisibleChar, c) ? c : '?';
  }
  text += fault.got.size() > kMaxQuotedBytes ? "...'" : "'";
  return text;
}

// As good as a new one, but for the capacity of its buffers.
void MakeNew(Request& request) {
  constexpr std::size_t kKeptBytes = 4096;
  constexpr std::size_t kKeptHeaders = 64;
  Request made;
  for (std::string Request::*buffer :
       {&Request::target, &Request::path, &Request::query, &Request::body, &Request::head}) {
    EmptyBuffer(request.*buffer, kKeptBytes);
    (made.*buffer).swap(request.*buffer);
  }
  request.headers.clear();
  if (request.headers.capacity() <= kKeptHeaders) made.headers.swap(request.headers);
  request = std::move(made);
}

}  // namespace

// Fields of the trailer are checked by llhttp and dropped.
struct RequestMachine::Callbacks {
  static RequestMachine& Of(llhttp_t* parser) {
    return *static_cast<RequestMachine*>(parser->data);
  }
  static bool IsInTrailer(llhttp_t* parser) { return Of(parser).phase_ == Phase::kTrailer; }

  static int OnName(llhttp_t* parser, const char* at, std::size_t size) {
    RequestMachine& self = Of(parser);
    if (!IsInTrailer(parser)) self.fields_.AppendName(self.request_, {at, size});
    return HPE_OK;
  }
  static int OnNameEnd(llhttp_t* parser) {
    RequestMachine& self = Of(parser);
    return IsInTrailer(parser) ? HPE_OK : self.Checked(self.fields_.EndName(self.request_));
  }
  static int OnValue(llhttp_t* parser, const char* at, std::size_t size) {
    RequestMachine& self = Of(parser);
    if (!IsInTrailer(parser)) self.fields_.AppendValue(self.request_, {at, size});
    return HPE_OK;
  }
  static int OnValueEnd(llhttp_t* parser) {
    RequestMachine& self = Of(parser);
    return IsInTrailer(parser) ? HPE_OK : self.Checked(self.fields_.EndValue(self.request_));
  }
  static int OnHeadersEnd(llhttp_t* parser) {
    return IsInTrailer(parser) ? HPE_OK : Of(parser).EndHead();
  }
  static int OnBody(llhttp_t* parser, const char* at, std::size_t size) {
    Of(parser).AppendBody({at, size}, parser->content_length + size);
    return HPE_OK;
  }
  static int OnChunkLineEnd(llhttp_t* parser) { return Of(parser).EndChunkLine(); }
  static int OnExtensionName(llhttp_t* parser, const char* /*at*/, std::size_t size) {
    Of(parser).extension_part_bytes_ += size;
    return HPE_OK;
  }
  static int OnExtensionValue(llhttp_t* parser, const char* at, std::size_t size) {
    return Of(parser).TakeExtensionValue({at, size});
  }
  static int OnExtensionPartEnd(llhttp_t* parser) { return Of(parser).EndExtensionPart(); }
  static int OnChunkEnd(llhttp_t* parser) { return Of(parser).EndChunk(); }
  static int OnMessageEnd(llhttp_t* parser) {
    Of(parser).Complete();
    return HPE_PAUSED;
  }

  static const llhttp_settings_t& Settings() {
    static const llhttp_settings_t settings = [] {
      llhttp_settings_t made;
      llhttp_settings_init(&made);
      made.on_header_field = OnName;
      made.on_header_field_complete = OnNameEnd;
      made.on_header_value = OnValue;
      made.on_header_value_complete = OnValueEnd;
      made.on_headers_complete = OnHeadersEnd;
      made.on_chunk_header = OnChunkLineEnd;
      made.on_chunk_extension_name = OnExtensionName;
      made.on_chunk_extension_name_complete = OnExtensionPartEnd;
      made.on_chunk_extension_value = OnExtensionValue;
      made.on_chunk_extension_value_complete = OnExtensionPartEnd;
      made.on_body = OnBody;
      made.on_chunk_complete = OnChunkEnd;
      made.on_message_complete = OnMessageEnd;
      return made;
    }();
    return settings;
  }

  // llhttp as it stands behind a request line. Copying it spares every request the parsing of a
  // line that we have read ourselves, and keeps methods with a meaning of their own (CONNECT, PRI)
  // away from it.
  static const llhttp_t& AfterRequestLine() {
    static const llhttp_t standing = [] {
      constexpr std::string_view kLine = "POST / HTTP/1.1\r\n";
      llhttp_t made;
      llhttp_init(&made, HTTP_REQUEST, &Settings());
      BATON_CHECK(llhttp_execute(&made, kLine.data(), kLine.size()) == HPE_OK);
      return made;
    }();
    return standing;
  }
};

RequestMachine::RequestMachine(const Limits& limits)
    : limits_(limits),
      line_(limits.request_line_bytes),
      fields_(limits_),
      chunks_room_(limits.body_bytes) {}

void RequestMachine::Restart() {
  phase_ = Phase::kLine;
  line_.Reset();
  fields_ = HeadFields(limits_);
  MakeNew(request_);
  continue_is_due_ = forgets_body_ = chunk_digits_ended_ = extension_is_quoted_ = false;
  body_size_ = 0;
  body_left_ = 0;
  chunks_room_ = limits_.body_bytes;
  phase_bytes_ = extension_bytes_ = extension_part_bytes_ = chunk_digits_ = 0;
}

std::size_t RequestMachine::Step(std::string_view bytes) {
  switch (phase_) {
    case Phase::kLine: return ReadLine(bytes);
    case Phase::kFields: return ReadFields(bytes);
    case Phase::kLengthBody: return ReadLengthBody(bytes);
    case Phase::kChunkLine: return ReadChunkLine(bytes);
    case Phase::kChunkData: return Execute(bytes);
    case Phase::kTrailer: return ReadTrailer(bytes);
    case Phase::kComplete:
    case Phase::kRefused: break;
  }
  return 0;
}

std::size_t RequestMachine::ReadLine(std::string_view bytes) {
  const std::size_t used = line_.Read(bytes);
  if (line_.state() == LineReader::State::kFaulty) {
    Refuse(line_.fault());
  } else if (line_.state() == LineReader::State::kComplete) {
    phase_ = Phase::kFields;
    llhttp_ = Callbacks::AfterRequestLine();
    llhttp_.data = this;
    if (const auto fault = ParseRequestLine(line_.line(), request_)) Refuse(*fault);
  }
  return used;
}

// Returns how many bytes llhttp used; changes of phase happen in its callbacks.
std::size_t RequestMachine::Execute(std::string_view bytes) {
  const llhttp_errno_t error = llhttp_execute(&llhttp_, bytes.data(), bytes.size());
  if (error == HPE_OK) return bytes.size();
  if (error == HPE_PAUSED) {
    llhttp_resume(&llhttp_);
  } else if (phase_ != Phase::kRefused) {
    RefuseAfter(error);
  }
  return static_cast<std::size_t>(llhttp_get_error_pos(&llhttp_) - bytes.data());
}

std::size_t RequestMachine::ReadFields(std::string_view bytes) {
  // The empty line that ends the head is not counted.
  const std::size_t room = limits_.header_bytes + kLineEndBytes - phase_bytes_;
  const std::size_t used = Execute(bytes.substr(0, room));
  phase_bytes_ = phase_ == Phase::kFields ? phase_bytes_ + used : 0;
  if (phase_ == Phase::kFields && used == room) {
    Refuse({RefusalKind::kHeadersTooLarge, "the header lines are larger than allowed"});
  }
  return used;
}

// A body of known length is counted here, and needs no llhttp.
int RequestMachine::EndHead() {
  if (const auto fault = fields_.Finish(request_)) return Checked(fault);
  const Framing& framing = fields_.framing();
  continue_is_due_ = framing.expects_continue;
  if (framing.is_chunked) {
    llhttp_.flags |= F_CHUNKED;  // llhttp does not see it when a tab follows the word
    llhttp_.upgrade = 0;         // we never switch protocols: the body is a body
    phase_ = Phase::kChunkLine;
  } else if (framing.content_length > 0) {
    body_left_ = framing.content_length;
    phase_ = Phase::kLengthBody;
  } else {
    Complete();
  }
  return HPE_PAUSED;
}

std::size_t RequestMachine::ReadLengthBody(std::string_view bytes) {
  const std::size_t used = std::min<std::uint64_t>(bytes.size(), body_left_);
  AppendBody(bytes.substr(0, used), body_left_);
  body_left_ -= used;
  if (body_left_ == 0) Complete();
  return used;
}

// Everything in a chunk line but the digits of the size counts as extension.
std::size_t RequestMachine::ReadChunkLine(std::string_view bytes) {
  for (std::size_t i = 0; !chunk_digits_ended_ && i < bytes.size(); ++i) {
    chunk_digits_ended_ = HexValue(bytes[i]) < 0;
    if (!chunk_digits_ended_ && ++chunk_digits_ > kMaxChunkSizeDigits) {
      Refuse({RefusalKind::kBadChunk, "a chunk's size must have at most 16 digits"});
      return i;
    }
  }
  const std::size_t allowed =
      chunk_digits_ + kLineEndBytes + limits_.chunk_extension_bytes - extension_bytes_;
  const std::size_t room = allowed - phase_bytes_;
  const std::size_t used = Execute(bytes.substr(0, room));
  phase_bytes_ += used;
  if (phase_ == Phase::kChunkLine && used == room) {
    Refuse({RefusalKind::kChunkExtensionsTooLarge, "the chunk extensions are larger than allowed"});
  } else if (phase_ == Phase::kChunkData || phase_ == Phase::kTrailer) {
    extension_bytes_ += phase_bytes_ - chunk_digits_ - kLineEndBytes;
    phase_bytes_ = chunk_digits_ = 0;
    chunk_digits_ended_ = false;
  }
  return used;
}

// By RFC 9112, 7.1.1 it is a token or a quoted string; llhttp lets a quote begin anywhere in it,
// and a DEL stand between quotes.
int RequestMachine::TakeExtensionValue(std::string_view piece) {
  if (extension_part_bytes_ == 0) extension_is_quoted_ = piece.starts_with('"');
  extension_part_bytes_ += piece.size();
  if (piece.find_first_of(extension_is_quoted_ ? "\x7f" : "\"") == piece.npos) return HPE_OK;
  return Checked(Fault{RefusalKind::kBadChunk,
                       "a chunk extension's value must be a token or a quoted string"});
}

int RequestMachine::EndExtensionPart() {
  if (std::exchange(extension_part_bytes_, 0) > 0) return HPE_OK;
  return Checked(Fault{RefusalKind::kBadChunk,
                       "a chunk extension's name and value must have at least one character"});
}

int RequestMachine::EndChunkLine() {
  if (llhttp_.content_length > chunks_room_) {
    return Checked(Fault{RefusalKind::kBodyTooLarge, "the body is larger than allowed"});
  }
  chunks_room_ -= llhttp_.content_length;
  phase_ = llhttp_.content_length == 0 ? Phase::kTrailer : Phase::kChunkData;
  return HPE_PAUSED;
}

int RequestMachine::EndChunk() {
  if (phase_ == Phase::kTrailer) return HPE_OK;  // the last chunk ends with the message
  phase_ = Phase::kChunkLine;
  return HPE_PAUSED;
}

std::size_t RequestMachine::ReadTrailer(std::string_view bytes) {
  const std::size_t room = limits_.trailer_bytes + kLineEndBytes - phase_bytes_;
  const std::size_t used = Execute(bytes.substr(0, room));
  phase_bytes_ += used;
  if (phase_ == Phase::kTrailer && used == room) {
    Refuse({RefusalKind::kTrailersTooLarge, "the trailers are larger than allowed"});
  }
  return used;
}

std::size_t RequestMachine::held_bytes() const {
  return line_.held_bytes() + request_.target.size() + request_.path.size() +
         request_.query.size() + request_.head.size() +
         request_.headers.size() * sizeof(Request::HeaderField) + request_.body.size();
}

std::uint64_t RequestMachine::BodyBytesLeft() const {
  return phase_ == Phase::kChunkData ? llhttp_.content_length : body_left_;
}

Request RequestMachine::TakeHead(std::size_t at_most) {
  chunks_room_ = at_most - std::min<std::uint64_t>(at_most, BodyBytesLeft());
  forgets_body_ = true;
  Request taken = std::exchange(request_, Request{});
  taken.body = {};
  return taken;
}

// As much as has come, so that memory still follows that. It is written with zeros once, before it
// is read into: std::string has no other way to grow.
std::span<char> RequestMachine::BodyRoom() {
  const std::uint64_t most = std::min(body_left_, std::uint64_t{std::min(body_size_, kRoomBytes)});
  if (phase_ != Phase::kLengthBody || forgets_body_ || most < kRoomWorthBytes) return {};
  std::string& body = request_.body;
  ReserveBody(body_size_ + kRoomWorthBytes, body_size_, body_size_ + body_left_);
  const std::size_t reserved = body.capacity() - kBodyPaddingBytes - body_size_;
  const std::size_t room = std::min<std::uint64_t>(most, reserved);
  body.resize(std::max(body.size(), body_size_ + room));
  return std::span(body).subspan(body_size_, room);
}

void RequestMachine::AppendBody(std::string_view bytes, std::uint64_t announced) {
  if (forgets_body_) return;
  std::string& body = request_.body;
  const bool is_there = bytes.data() == body.data() + body_size_;  // in BodyRoom()
  if (!is_there) {
    body.resize(body_size_);
    const std::size_t needed = body_size_ + bytes.size();
    ReserveBody(needed, needed, body_size_ + announced);
    body += bytes;
  }
  body_size_ += bytes.size();
}

// Memory follows the bytes that came, not those that were announced: all of it once that is few
// times what has come, so that what is copied on the way there is little.
void RequestMachine::ReserveBody(std::size_t needed, std::size_t come, std::uint64_t whole) {
  std::string& body = request_.body;
  if (body.capacity() >= needed + kBodyPaddingBytes) return;
  const std::size_t believed = std::max(kBodyReserveBytes, come * kBelievedGrowth);
  const std::size_t step = std::max({needed, come * 2, kBodyReserveBytes});
  body.reserve((whole <= believed ? whole : step) + kBodyPaddingBytes);
}

void RequestMachine::Complete() {
  if (!forgets_body_) {
    request_.body.resize(body_size_);
    request_.body.reserve(body_size_ + kBodyPaddingBytes);
  }
  phase_ = Phase::kComplete;
}

int RequestMachine::Checked(const std::optional<Fault>& fault) {
  if (!fault) return HPE_OK;
  Refuse(*fault);
  return HPE_USER;
}

void RequestMachine::Refuse(const Fault& fault) { Refuse(fault.kind, Describe(fault)); }

void RequestMachine::Refuse(RefusalKind kind, std::string message) {
  refusal_message_ = std::move(message);
  refusal_ = Refusal{StatusOf(kind), ReasonOf(kind), refusal_message_};
  phase_ = Phase::kRefused;
}

// llhttp found it first: it looks at every byte, HeadFields at whole lines.
void RequestMachine::RefuseAfter(llhttp_errno_t error) {
  const std::string why = llhttp_get_error_reason(&llhttp_);
  if (phase_ == Phase::kTrailer) {
    return Refuse(RefusalKind::kBadTrailer, "a trailer is malformed: " + why);
  }
  if (phase_ != Phase::kFields) {
    return Refuse(RefusalKind::kBadChunk, "a chunk is malformed: " + why);
  }
  const bool is_length =
      error == HPE_INVALID_CONTENT_LENGTH || error == HPE_UNEXPECTED_CONTENT_LENGTH;
  const bool is_coding = error == HPE_INVALID_TRANSFER_ENCODING;
  if ((is_length && (llhttp_.flags & F_TRANSFER_ENCODING) != 0) ||
      (is_coding && (llhttp_.flags & F_CONTENT_LENGTH) != 0)) {
    Refuse({RefusalKind::kConflictingFraming, kBothFramings});
  } else if (is_length) {
    Refuse(RefusalKind::kBadContentLength, "Content-Length must be one decimal number: " + why);
  } else if (is_coding) {
    Refuse(RefusalKind::kBadTransferEncoding, "Transfer-Encoding must be chunked: " + why);
  } else {
    Refuse(RefusalKind::kBadHeader, "a header line is malformed: " + why);
  }
}

}  // namespace baton::http
