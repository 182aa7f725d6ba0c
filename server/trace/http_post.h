// One POST after the other to one place, which may be slow, away or hostile.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/base/clock.h"
#include "server/base/result.h"

namespace baton::trace {

struct PostAnswer {
  int status = 0;                       // of HTTP; 0: there was no answer
  std::string body;                     // the beginning of a long one
  std::optional<Duration> retry_after;  // as it said, of whole seconds
  std::string error;                    // where there was no answer: why
};

class Post {
 public:
  virtual ~Post() = default;
  // Takes at most `most` until it returns, whatever the other side does.
  virtual PostAnswer Send(const std::string& body, Duration most) = 0;
  // Any thread: the Send under way, and each after it, takes at most `most` from now on.
  virtual void Hurry(Duration most) = 0;
};

struct HttpPostOptions {
  std::string url;                   // http: or https:
  std::string ca_file;               // of https: who may sign its certificate; empty: the system's
  std::vector<std::string> headers;  // "Name: value"
};

// kInvalidArgument for what is no http: or https: address of a host with a path.
Status CheckUrl(const std::string& url);

// No proxy, no redirect, no cookie, no password file: it goes where the operator said.
std::unique_ptr<Post> MakeHttpPost(const HttpPostOptions& options);

}  // namespace baton::trace
