// What a client may send. Each limit has its status.
#pragma once

#include <cstddef>

namespace baton::http {

struct Limits {
  std::size_t request_line_bytes = 8 * 1024;  // without its line end: 414
  std::size_t header_bytes = 32 * 1024;       // all header lines of one request, as sent: 431
  std::size_t header_count = 100;             // 431
  std::size_t body_bytes = 8 * 1024 * 1024;   // 413
  std::size_t chunk_extension_bytes = 256;    // of one request together: 400
  std::size_t trailer_bytes = 4 * 1024;       // all trailer lines of one request, as sent: 431
  std::size_t pipelined_requests = 64;        // unanswered on one connection; reading waits
  // Of a body whose request was answered by its head alone, still to come: it is read and
  // forgotten. More than this: the connection ends with that answer.
  std::size_t forgotten_bytes = 64 * 1024;
};

}  // namespace baton::http
