// A part of the pages that somebody else answers: the admin API.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "server/http/message.h"

namespace baton::pages {

// Threads: the pages', but for replies, which may come from any.
class Mirror {
 public:
  using Reply = std::function<void(http::Response response)>;

  virtual ~Mirror() = default;

  // Whether `path` is its to answer.
  virtual bool Takes(std::string_view path) const = 0;
  // Replies once, in this call or later. `from` is the other end of the connection:
  // "ipv4:127.0.0.1:50312".
  virtual void Answer(const http::Request& request, const std::string& from, Reply reply) = 0;
  // Whether whoever sends this may look at what the admin API shows: as its own answer would be,
  // but nothing is counted or said.
  virtual bool MayLook(const http::Request& request) const = 0;
  // The answer to what was refused while it was read, in the form of its own refusals.
  virtual http::Response Refused(int status, std::string_view message) const = 0;
};

}  // namespace baton::pages
