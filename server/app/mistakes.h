// What is wrong in several places, as one error.
#pragma once

#include <string>

#include "server/base/result.h"

namespace baton::app {

// A line for each; kNotFound when all of them are that, else kInvalidArgument.
class Mistakes {
 public:
  void Add(const Error& error) {
    if (error.code != ErrorCode::kNotFound) code_ = ErrorCode::kInvalidArgument;
    if (!text_.empty()) text_ += '\n';
    text_ += error.message;
  }
  void Add(const Status& status) {
    if (!status) Add(status.error());
  }
  Status ToStatus() const {
    if (text_.empty()) return {};
    return Fail(code_, text_);
  }

 private:
  ErrorCode code_ = ErrorCode::kNotFound;
  std::string text_;
};

}  // namespace baton::app
