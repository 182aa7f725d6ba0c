// Check knows a service or does not; Watch tells of one that is unknown, too.
#include "server/rpc/health.h"

#include <utility>

#include "grpc/health/v1/health.pb.h"

namespace baton::rpc {
namespace {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

}  // namespace

PlainMethods Health::Methods() const {
  const auto status = [this] {
    return is_serving_ ? HealthCheckResponse::SERVING : HealthCheckResponse::NOT_SERVING;
  };
  const auto check = [this, status](const HealthCheckRequest& request,
                                    HealthCheckResponse& response) {
    if (!Knows(request.service())) {
      return grpc::Status(grpc::StatusCode::NOT_FOUND, "unknown service");
    }
    response.set_status(status());
    return grpc::Status();
  };
  const auto watch = [this, status](const HealthCheckRequest& request,
                                    HealthCheckResponse& response) {
    response.set_status(Knows(request.service()) ? status() : HealthCheckResponse::SERVICE_UNKNOWN);
    return grpc::Status();
  };
  using Shape = PlainMethod::Shape;
  PlainMethods methods;
  methods["/grpc.health.v1.Health/Check"] =
      MakeMethod<HealthCheckRequest, HealthCheckResponse>(Shape::kUnary, check);
  methods["/grpc.health.v1.Health/Watch"] =
      MakeMethod<HealthCheckRequest, HealthCheckResponse>(Shape::kWatch, watch);
  return methods;
}

}  // namespace baton::rpc
