// A model made ready to answer requests in every format.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "server/api/catalogue.h"
#include "server/api/gzip_handler.h"
#include "server/api/json.h"
#include "server/api/model_handler.h"
#include "server/http/gzip_counts.h"
#include "server/models/model.h"

namespace baton::api {

struct HandlerOptions {
  std::size_t json_depth = kUsualJsonDepth;
  GzipOptions gzip;
  std::shared_ptr<http::GzipCounts> gzip_counts;
  // Of ModelInferRequests; empty without gRPC.
  std::function<std::unique_ptr<serve::Handler>(HandledModel)> make_grpc;
};

// What an operator says of a model's versions; see HandledModel.
struct VersionExtras {
  std::vector<std::string> warm_up = {};
  std::map<std::string, std::vector<std::string>> labels = {};
};

std::shared_ptr<const ServedVersion> MakeServedVersion(std::shared_ptr<const models::Model> model,
                                                       const VersionExtras& extras,
                                                       const HandlerOptions& options);

}  // namespace baton::api
