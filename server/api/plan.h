// How a request that names an endpoint is to be run.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>

#include "server/serve/endpoint.h"
#include "server/serve/handler.h"
#include "server/serve/response_cache.h"

namespace baton::api {

struct ServedVersion;

// Of a body, in and out.
enum class BodyFormat {
  kPlain,  // JSON of our own: routes, predict
  kInfer,  // the Open Inference Protocol over HTTP; may hold parameters.timeout
  kGrpc,   // the same as a serialized ModelInferRequest
};

// Of a body.
struct OwnPart {
  std::size_t begin = 0;
  std::size_t size = 0;
};
// Requires: `part` lies within `body`, or is empty.
inline OwnPart PartOf(std::string_view body, std::string_view part) {
  if (part.empty()) return {};
  return {static_cast<std::size_t>(part.data() - body.data()), part.size()};
}

struct Plan {
  const serve::Endpoint* endpoint = nullptr;
  const serve::Handler* handler = nullptr;
  std::shared_ptr<const ServedVersion> version;  // of a model; keeps `handler`
  std::string_view asked_version;                // as the request names it; empty for any
  BodyFormat format = BodyFormat::kPlain;
  bool body_is_gzip = false;
  bool takes_gzip = false;                      // its answer may be gzip
  std::optional<std::size_t> json_bytes = {};   // see serve::Call; not set here
  std::shared_ptr<serve::ResponseCache> cache;  // of the model; null for none
  // Its id, where it stands, or nothing of it: what the cache leaves out. None, as long as nobody
  // knows: the request is not for the cache.
  std::optional<OwnPart> own = {};
};

}  // namespace baton::api
