// HTTP/1.1 requests out of bytes: no I/O, no time; resumable at any byte.
//
// llhttp does the grammar of header fields and chunks in its strict mode, the request line is read
// by us. What RFC 9112 leaves to the recipient is decided on the safe side: any doubt about where a
// message ends is 400 and the end of the connection.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "server/http/limits.h"
#include "server/http/message.h"

namespace baton::http {

enum class ParseState {
  kHead,      // inside (or before) a request's head
  kBody,      // inside its body
  kComplete,  // request() holds it; Next() starts the following one
  kRefused,   // refusal() says why; nothing more can be read from this connection
};

// Why a request was refused. `reason` is a literal, also the `reason` label of
// baton_http_parse_errors_total: a closed set, listed by AllRefusalReasons().
struct Refusal {
  int status = 400;
  std::string_view reason;   // "bad_request_line", "headers_too_large", ...
  std::string_view message;  // what was expected and what came; printable ASCII, the parser's
};
std::span<const std::string_view> AllRefusalReasons();

// Threads: one at a time.
class RequestParser {
 public:
  explicit RequestParser(const Limits& limits);
  ~RequestParser();
  RequestParser(RequestParser&&) noexcept;
  RequestParser& operator=(RequestParser&&) noexcept;

  struct Progress {
    std::size_t consumed;
    ParseState state;
  };

  // Takes bytes until they are used up or a request is complete or refused; never looks beyond the
  // end of a complete request. Requires: state is kHead or kBody.
  Progress Feed(std::string_view bytes);

  ParseState state() const;
  // Nothing of the next request has come yet; an empty line before it does not count.
  bool IsBetweenRequests() const;
  // The head is complete and the client waits for leave to send the body (Expect: 100-continue).
  // True once per request, from the Feed that ended the head, and only while no byte of the body
  // has come.
  bool TakeExpectContinue();

  // Requires: kComplete. The caller takes it over; then Next().
  Request& request();
  // What is known of an incomplete or refused request, for its error answer: method and path may be
  // empty.
  const Request& partial() const;
  const Refusal& refusal() const;
  void Next();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace baton::http
