// The handlers of one version.
#include "server/api/version_handlers.h"

#include <utility>

#include "server/api/infer.h"
#include "server/api/predict.h"

namespace baton::api {

std::shared_ptr<const ServedVersion> MakeServedVersion(std::shared_ptr<const models::Model> model,
                                                       const VersionExtras& extras,
                                                       const HandlerOptions& options) {
  auto served = std::make_shared<ServedVersion>();
  served->model = std::move(model);
  const HandledModel handled{served->model, &served->books, extras.warm_up, extras.labels};
  const auto coded = [&options](std::unique_ptr<serve::Handler> handler) {
    return MakeGzipHandler(std::move(handler), options.gzip, options.gzip_counts);
  };
  served->infer = coded(MakeInferHandler(handled, options.json_depth));
  served->predict = coded(MakePredictHandler({served->model, &served->books}, options.json_depth));
  if (options.make_grpc) served->grpc = options.make_grpc(handled);
  return served;
}

}  // namespace baton::api
