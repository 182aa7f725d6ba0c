// Answers that begin with the very bytes of an earlier one, known without being parsed again.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "client/lib/response.h"
#include "server/base/clock.h"

namespace baton::client {

// What a load wants to know of an answer.
struct LoadAnswer {
  int status = 0;
  std::string answer;              // the Baton-Answer header, empty without one
  std::string cause;               // the Baton-Cause header, empty without one
  std::optional<Duration> budget;  // as granted
  bool keep_alive = false;
};

// A server under load says nearly always the same, and parsing it is most of what the generator
// would do. Equal heads to equal requests have equal framing and equal headers, so what
// ResponseParser made of the first holds for all.
//
// Threads: one at a time.
// Cost: a comparison with each of kMost heads at most, mostly with one; allocates to learn only.
class AnswerMemo {
 public:
  struct Known {
    std::string head;
    std::size_t size = 0;  // of head and body together
    LoadAnswer answer;
  };

  // The answer that is whole at the front of `bytes`; null when its head is new, or the rest of it
  // has not come. Valid until the next Learn.
  const Known* Find(std::string_view bytes);

  // What `response` says. `bytes` are all of it where it came in one piece, else empty: only the
  // former can be found again, and of those only what is framed by its length. Valid until the next
  // Learn.
  const LoadAnswer& Learn(std::string_view bytes, const Response& response);

  static constexpr std::size_t kMost = 8;

 private:
  std::array<Known, kMost> known_;
  std::size_t latest_ = 0;   // where something was found or learned last
  std::size_t replace_ = 0;  // whom the next one to learn replaces
  LoadAnswer unlearned_;
};

}  // namespace baton::client
