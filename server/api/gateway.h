// Which endpoint a request calls, or the answer that needs no worker: the routes of the data plane.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/api/gzip_handler.h"
#include "server/api/json.h"
#include "server/http/message.h"
#include "server/http/router.h"
#include "server/models/repository.h"
#include "server/serve/endpoint.h"
#include "server/serve/handler.h"

namespace baton::api {

// All routes lie within these.
inline constexpr std::array<std::string_view, 5> kRoutePrefixes = {"/hello", "/reverse", "/test",
                                                                   "/v1", "/v2"};

struct GatewayOptions {
  std::size_t json_depth = kUsualJsonDepth;  // arrays and objects inside each other: 400
  bool test_endpoints =
      false;  // /test/sleep and /test/spin, which hold a worker for as long as they are told
  GzipOptions gzip;
};

// What a request that names an endpoint asks for.
struct Plan {
  const serve::Endpoint* endpoint = nullptr;
  const serve::Handler* handler = nullptr;
  std::string_view model_version;  // into the request's path
  bool has_oip_body = false;       // may hold parameters.timeout
  bool body_is_gzip = false;
  bool takes_gzip = false;                         // its answer may be gzip
  std::optional<std::size_t> expanded_bytes = {};  // that gzip must come to; not set here
};

// Exactly one of `plan` and `response`.
struct Resolution {
  std::optional<Plan> plan;
  http::Response response;        // health, metadata, or an error
  bool is_clients_fault = false;  // `response` is one: counted against `endpoint`
  const serve::Endpoint* endpoint = nullptr;
};

// Endpoints, handlers and routes of one server, fixed after start.
//
// Threads: Resolve from any conductor.
class Gateway {
 public:
  Gateway(models::ModelSet models, metrics::Registry& registry, const GatewayOptions& options);
  ~Gateway();

  Resolution Resolve(const http::Request& request, bool is_ready) const;

  // How a request of model `name` is run, by its latest version; without an endpoint when there is
  // no such model.
  Plan PlanForModel(const std::string& name, bool has_oip_body) const;

  // What to run before the first request, to know how long requests take.
  struct WarmUp {
    const serve::Endpoint* endpoint = nullptr;
    const serve::Handler* handler = nullptr;
  };
  std::vector<WarmUp> warm_ups() const;

  // By index; the last is `_unknown_`, where requests that name no endpoint are counted.
  const std::vector<std::unique_ptr<serve::Endpoint>>& endpoints() const { return endpoints_; }
  const serve::Endpoint& unknown() const { return *endpoints_.back(); }
  const models::ModelSet& models() const { return models_; }

 private:
  enum class Route {
    kHello,
    kServerMetadata,
    kLive,
    kReady,
    kModelMetadata,
    kModelReady,
    kInfer,
    kPredict,
    kReverse,
    kSleep,
    kSpin,
  };
  // A callable thing: an endpoint and the body format it is called with.
  struct Callable {
    const serve::Endpoint* endpoint = nullptr;
    std::unique_ptr<serve::Handler> handler;
  };
  struct ModelCallables {
    const models::ModelVersions* versions = nullptr;
    Callable infer;
    Callable predict;
  };

  void AddRoutes(const GatewayOptions& options);
  serve::Endpoint& AddEndpoint(metrics::Registry& registry, const std::string& name,
                               serve::Endpoint::Kind kind);
  Resolution Call(const http::Request& request, const Callable& callable, std::string_view version,
                  bool has_oip_body) const;
  Resolution CallModel(const http::Request& request, const http::Match& match, Route route) const;
  Resolution Describe(const http::Match& match, Route route) const;
  Resolution Fault(const Error& error, const serve::Endpoint* endpoint = nullptr) const;

  const models::ModelSet models_;
  std::vector<std::unique_ptr<serve::Endpoint>> endpoints_;
  std::map<std::string, ModelCallables, std::less<>> model_callables_;
  std::map<Route, Callable> route_callables_;
  http::Router router_;
};

}  // namespace baton::api
