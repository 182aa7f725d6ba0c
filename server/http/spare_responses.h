// Responses that have left, for those to come.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "server/http/message.h"

namespace baton::http {

// So that an answer that waits for its turn allocates nothing. What is kept is bounded, in number
// and in bytes of each buffer.
//
// Threads: one at a time.
class SpareResponses {
 public:
  static constexpr std::size_t kKept = 1024;
  static constexpr std::size_t kKeptBufferBytes = 4096;

  // Takes `response` over, and leaves it as good as new, with buffers to be used again.
  std::unique_ptr<Response> Keep(Response&& response);
  void GiveBack(std::unique_ptr<Response> response);
  std::size_t size() const { return spare_.size(); }

 private:
  std::vector<std::unique_ptr<Response>> spare_;
};

}  // namespace baton::http
