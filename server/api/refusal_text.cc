// The changing headers come last, so that an answer is a copy with something behind it.
#include "server/api/refusal_text.h"

#include <algorithm>

#include "server/api/answer_response.h"

namespace baton::api {
namespace {

http::Response Render(serve::Answer answer, serve::Cause cause) {
  AnswerView view;
  view.answer = answer;
  view.cause = cause;
  http::Response response = MakeResponse(view, {});
  response.headers.resize(std::min(response.headers.size(), response.headers.find("Retry-After:")));
  return response;
}

}  // namespace

RefusalText::RefusalText(serve::Answer answer, serve::Cause cause)
    : says_retry_after_(answer == serve::Answer::kRefused), rendered_(Render(answer, cause)) {}

http::Response RefusalText::Make(const std::optional<Duration>& granted_budget,
                                 Duration retry_after) const {
  constexpr std::size_t kChangingBytes = 96;
  http::Response response;
  response.status = rendered_.status;
  response.body = rendered_.body;
  response.headers.reserve(rendered_.headers.size() + kChangingBytes);
  response.headers = rendered_.headers;
  if (granted_budget) {
    http::AppendHeader(response.headers, "Baton-Budget-Ms", BudgetText(*granted_budget));
  }
  if (says_retry_after_) {
    http::AppendHeader(response.headers, "Retry-After", RetryAfterText(retry_after));
  }
  return response;
}

}  // namespace baton::api
