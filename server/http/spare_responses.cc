// Emptying responses, and handing them out again.
#include "server/http/spare_responses.h"

#include <utility>

#include "server/base/spare_buffers.h"

namespace baton::http {

std::unique_ptr<Response> SpareResponses::Keep(Response&& response) {
  std::unique_ptr<Response> kept;
  if (spare_.empty()) {
    kept = std::make_unique<Response>();
  } else {
    kept = std::move(spare_.back());
    spare_.pop_back();
  }
  std::swap(*kept, response);
  return kept;
}

void SpareResponses::GiveBack(std::unique_ptr<Response> response) {
  if (spare_.size() == kKept) return;
  Response made;
  for (std::string Response::*buffer : {&Response::headers, &Response::body}) {
    EmptyBuffer(*response.*buffer, kKeptBufferBytes);
    (made.*buffer).swap(*response.*buffer);
  }
  *response = std::move(made);
  spare_.push_back(std::move(response));
}

}  // namespace baton::http
