// Bytes in, HTTP responses out: no I/O, resumable at any byte.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "client/lib/response.h"

namespace baton::client {

struct ResponseParserOptions {
  bool keep_body = true;                     // false: bodies are only counted
  std::size_t max_header_bytes = 64 << 10;   // names and values together
  std::size_t max_body_bytes = 256U << 20U;  // a longer body is malformed
};

// Reads one response after another off one connection. Informational (1xx) responses are skipped.
//
// Threads: one at a time.
class ResponseParser {
 public:
  enum class State { kNeedMore, kComplete, kMalformed };
  struct Fed {
    std::size_t consumed = 0;  // bytes beyond it belong to the next response
    State state = State::kNeedMore;
  };

  explicit ResponseParser(const ResponseParserOptions& options = {});
  ~ResponseParser();
  ResponseParser(ResponseParser&&) noexcept;
  ResponseParser& operator=(ResponseParser&&) noexcept;

  // Forgets all that was fed and waits for the response to a request; one to HEAD has no body
  // whatever its headers say.
  void Start(bool answers_head = false);

  // Reads up to the end of one response. Once complete or malformed, it takes nothing until Start.
  Fed Feed(std::string_view bytes);

  // The server closed its side. Completes a body that ends with the connection; anything else that
  // was under way is malformed.
  State FeedEof();

  // Whether any byte came since Start.
  bool HasBegun() const;

  // Requires: complete. Valid until the next Start.
  const Response& response() const;
  Response TakeResponse();

  // What is wrong, for people. Requires: malformed.
  const std::string& problem() const;

 private:
  struct Machine;
  std::unique_ptr<Machine> machine_;
};

}  // namespace baton::client
