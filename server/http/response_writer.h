// Responses into bytes. Date always; Content-Length and Content-Type with every status that has a
// body.
#pragma once

#include <ctime>
#include <string>
#include <string_view>

#include "server/http/message.h"

namespace baton::http {

// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, 5.6.7), made once a second. Threads: one at a time.
class DateCache {
 public:
  std::string_view At(std::time_t now);

 private:
  std::time_t made_for_ = -1;
  std::string text_;
};

struct WriteOptions {
  std::string_view date = {};  // from a DateCache
  bool close = false;          // "Connection: close"; else keep-alive, said aloud only to HTTP/1.0
  int version_minor = 1;       // of the request; the answer is always HTTP/1.1
  bool head_only = false;      // answer to HEAD: Content-Length of the body, without the body
  bool has_length = true;      // false: the end of the connection is the end of the body
};

// Appends the whole response to `out`; where its body is a file, all that comes before that. Takes
// no copy but the one into `out`. 204 and 304 go without a body, whatever `response` holds.
void AppendResponse(std::string& out, const Response& response, const WriteOptions& options);

}  // namespace baton::http
