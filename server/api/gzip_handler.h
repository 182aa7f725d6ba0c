// Bodies that come as gzip, and answers that leave as gzip: the same for every endpoint.
#pragma once

#include <cstddef>
#include <memory>

#include "server/http/gzip_counts.h"
#include "server/serve/handler.h"

namespace baton::api {

struct GzipOptions {
  // What the body of a request may expand to, 1 or more: 413.
  std::size_t expanded_body_bytes = std::size_t{32} << 20U;
  // Predictions from this size on leave as gzip to whoever takes that.
  std::size_t answer_bytes = std::size_t{4} << 10U;
};

// Expands the body of a call that is gzip before `inner` sees it, and compresses a prediction that
// is large enough for whoever takes gzip, if what is left of the budget lets it; of a batch, what
// is left of the smallest one, as its answers leave together. No more of a batch is held expanded
// at a time than two bodies may expand to; larger ones run in parts. Errors: those of `inner`;
// kInvalidArgument for a body that is no gzip, kTooLarge for one that expands to too much,
// kDeadlineExceeded when its time was up first.
std::unique_ptr<serve::Handler> MakeGzipHandler(std::unique_ptr<serve::Handler> inner,
                                                const GzipOptions& options,
                                                std::shared_ptr<http::GzipCounts> counts);

}  // namespace baton::api
