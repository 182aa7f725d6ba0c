// Comparing heads, and keeping the latest ones.
#include "client/lib/answer_memo.h"

#include <utility>

#include "client/lib/answer.h"

namespace baton::client {
namespace {

LoadAnswer Read(const Response& response) {
  LoadAnswer read;
  read.status = response.status;
  read.answer = response.headers.Find("Baton-Answer").value_or("");
  read.cause = response.headers.Find("Baton-Cause").value_or("");
  if (const auto budget = response.headers.Find("Baton-Budget-Ms")) {
    read.budget = ParseBudgetMs(*budget);
  }
  read.keep_alive = response.keep_alive;
  return read;
}

bool IsAtFront(const AnswerMemo::Known& known, std::string_view bytes) {
  return known.size != 0 && bytes.size() >= known.size && bytes.starts_with(known.head);
}

}  // namespace

const AnswerMemo::Known* AnswerMemo::Find(std::string_view bytes) {
  if (IsAtFront(known_[latest_], bytes)) return &known_[latest_];
  for (std::size_t i = 0; i < kMost; ++i) {
    if (IsAtFront(known_[i], bytes)) return &known_[latest_ = i];
  }
  return nullptr;
}

const LoadAnswer& AnswerMemo::Learn(std::string_view bytes, const Response& response) {
  const bool is_chunked = response.headers.Find("Transfer-Encoding").has_value();
  if (bytes.empty() || is_chunked) return unlearned_ = Read(response);
  latest_ = replace_;
  replace_ = (replace_ + 1) % kMost;
  Known& known = known_[latest_];
  known.head = bytes.substr(0, bytes.size() - response.body_bytes);
  known.size = bytes.size();
  known.answer = Read(response);
  return known.answer;
}

}  // namespace baton::client
