// What a function of ours returns when it can fail: a value, or an Error that says why.
#pragma once

#include <string>
#include <utility>

#include <tl/expected.hpp>

namespace baton {

// The kind of failure, for code that decides; the message is for people.
enum class ErrorCode {
  kInvalidArgument,     // what was given is malformed or out of range
  kNotFound,            // what was named is not there
  kAlreadyExists,       // what was to be made is there already
  kFailedPrecondition,  // right request, wrong moment
  kResourceExhausted,   // a limit of ours is reached
  kUnavailable,         // not ready, or going away
  kDeadlineExceeded,    // the budget is spent
  kTooLarge,            // over a size limit
  kUnsupported,         // understood, and not served
  kAborted,             // somebody else changed it meanwhile (stale generation)
  kInternal,            // our fault
};

// A code and a sentence that says what was tried, on what, what was expected and what came.
struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;
  std::string field;  // path of the offending field where there is one, e.g. "inputs[0].shape"
  std::string allowed = {};  // what it may be, where that is known: "1 to 1024"
  std::string got = {};      // and what it was: "0"
};

template <typename T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using tl::expected<T, Error>::expected;
};

using Status = Result<void>;

inline tl::unexpected<Error> Fail(ErrorCode code, std::string message, std::string field = {}) {
  return tl::unexpected<Error>(Error{code, std::move(message), std::move(field)});
}

// "size: expected 1 to 1024, got 0", with its parts.
inline tl::unexpected<Error> FailValue(std::string field, std::string allowed, std::string got) {
  std::string message = field + ": expected " + allowed + ", got " + got;
  return tl::unexpected<Error>(Error{ErrorCode::kInvalidArgument, std::move(message),
                                     std::move(field), std::move(allowed), std::move(got)});
}

}  // namespace baton
