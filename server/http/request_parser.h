// HTTP/1.1 requests out of bytes: no I/O, no time; resumable at any byte.
//
// llhttp does the grammar of header fields and chunks in its strict mode, the request line is read
// by us. What RFC 9112 leaves to the recipient is decided on the safe side: any doubt about where a
// message ends is 400 and the end of the connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

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

class RequestMachine;

// Lends parsers of the same limits the memory that they need inside a request, so that the
// thousands that wait for their next one hold none. What is kept is bounded.
//
// Threads: one at a time.
class ParserPool {
 public:
  ParserPool();
  ~ParserPool();

 private:
  friend class RequestParser;
  static constexpr std::size_t kKept = 64;

  std::vector<std::unique_ptr<RequestMachine>> spare_;
};

// Threads: one at a time.
class RequestParser {
 public:
  // Without a pool it has memory of its own; one that is given outlives it.
  explicit RequestParser(const Limits& limits, ParserPool* pool = nullptr);
  ~RequestParser();
  RequestParser(RequestParser&&) noexcept;
  RequestParser& operator=(RequestParser&&) noexcept;

  struct Progress {
    std::size_t consumed;
    std::size_t body_bytes;  // of these, behind the head: chunk lines and trailers, too
    ParseState state;
  };

  // Where the next bytes may be read to, for Feed not to copy them: behind what has come of a large
  // body of known length, and no larger than that. Empty where that is not what comes next.
  std::span<char> BodyRoom();
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

  // Requires: kComplete. The caller may take it over, or parts of it; what it leaves is used again
  // for the next one. Then Next().
  Request& request();
  // What is known of an incomplete or refused request, for its error answer: method and path may be
  // empty.
  const Request& partial() const;
  // Of what has come of a request, how much is kept: none between requests.
  std::size_t held_bytes() const;
  // How much of the body is still to come at least; of chunks no more is known than the one under
  // way. Requires: kBody.
  std::uint64_t BodyBytesLeft() const;
  // Takes the request over by its head alone. Its body is read on and forgotten, up to `at_most`
  // bytes; a longer one is refused as too large. Complete, request() is empty. Requires: kBody.
  Request TakeHead(std::size_t at_most);
  const Refusal& refusal() const;
  void Next();

 private:
  RequestMachine& Machine();

  Limits limits_;
  ParserPool* pool_;
  std::unique_ptr<RequestMachine> machine_;  // null: nothing of a request has come
};

}  // namespace baton::http
