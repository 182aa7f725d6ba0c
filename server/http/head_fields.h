// The header fields of one request as they come, and what they say about its framing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "server/http/limits.h"
#include "server/http/message.h"
#include "server/http/refusal_kind.h"

namespace baton::http {

// How the body of a request is delimited.
struct Framing {
  bool is_chunked = false;
  std::uint64_t content_length = 0;
  bool expects_continue = false;

  bool HasBodyBytes() const { return is_chunked || content_length > 0; }
};

// Takes names and values in pieces, as a resumable parser finds them, and stores them in a Request.
//
// Checks happen when a field or the head is complete and never on a piece, so that where the input
// was cut cannot change an answer. Threads: one at a time.
class HeadFields {
 public:
  // `limits` outlives this.
  explicit HeadFields(const Limits& limits) : limits_(&limits) {}

  void AppendName(Request& request, std::string_view piece);
  void AppendValue(Request& request, std::string_view piece);
  std::optional<Fault> EndName(Request& request);
  std::optional<Fault> EndValue(Request& request);

  // The head is complete: sets keep_alive and has_body, fills framing().
  std::optional<Fault> Finish(Request& request);
  const Framing& framing() const { return framing_; }

 private:
  std::optional<Fault> Examine(Request& request, std::string_view name, std::string_view value);
  std::optional<Fault> TakeHost(std::string_view value);
  std::optional<Fault> TakeContentLength(std::string_view value);
  std::optional<Fault> TakeTransferEncoding(const Request& request, std::string_view value);
  std::optional<Fault> TakeExpect(std::string_view value);
  void TakeConnection(std::string_view list);

  const Limits* limits_;
  Framing framing_;
  std::uint32_t name_at_ = 0;  // into Request::head, while is_in_name_
  bool is_in_name_ = false;
  bool has_host_ = false;
  bool has_content_length_ = false;
  bool has_transfer_encoding_ = false;
  bool says_close_ = false;
  bool says_keep_alive_ = false;
};

}  // namespace baton::http
