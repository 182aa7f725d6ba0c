// A part of the pages that somebody else answers: the admin API.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "server/http/message.h"

namespace baton::pages {

// Of answers that come as lines: their type, and how many there may be at once, beside those that
// have a place of their own.
inline constexpr std::string_view kLinesOfJson = "application/x-ndjson";
inline constexpr std::size_t kMostStreams = 16;

// An answer that comes as lines, of JSON each. It goes with its connection. Threads: the pages'.
class LineFeed {
 public:
  virtual ~LineFeed() = default;

  // Some whole lines; empty: there are none yet, or it has ended.
  virtual std::string Next() = 0;
  // Asked every now and then, also while lines wait to leave: ends it where its caller may no
  // longer have it.
  virtual void LookAtCaller() = 0;
  virtual bool HasEnded() const = 0;
};

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
  // Whether `request` is for an answer that comes as lines: then it is opened, and not answered.
  virtual bool Streams(const http::Request& request) const = 0;
  // Or why not: also where `is_full`, unless it is a call that has a place of its own. `tell` runs
  // when the feed may have lines, on any thread: it posts. The names that `request` refers to
  // outlive the feed.
  virtual tl::expected<std::unique_ptr<LineFeed>, http::Response> Open(
      http::Request&& request, const std::string& from, bool is_full,
      std::function<void()> tell) = 0;
  // Whether whoever sends this may look at what the admin API shows: as its own answer would be,
  // but nothing is counted or said.
  virtual bool MayLook(const http::Request& request) const = 0;
  // The answer to what was refused while it was read, in the form of its own refusals.
  virtual http::Response Refused(int status, std::string_view message) const = 0;
};

}  // namespace baton::pages
