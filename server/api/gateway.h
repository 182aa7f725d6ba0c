// Which endpoint a request calls, or the answer that needs no worker: the routes of the data plane.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/api/catalogue.h"
#include "server/api/gzip_handler.h"
#include "server/api/json.h"
#include "server/api/model_directory.h"
#include "server/api/route_table.h"
#include "server/http/gzip_counts.h"
#include "server/http/message.h"
#include "server/http/router.h"
#include "server/serve/endpoint.h"
#include "server/serve/endpoints.h"
#include "server/serve/handler.h"

namespace baton::api {

// All routes lie within these.
inline constexpr std::array<std::string_view, 6> kRoutePrefixes = {
    "/hello", "/openapi.json", "/reverse", "/test", "/v1", "/v2"};

struct GatewayOptions {
  std::size_t json_depth = kUsualJsonDepth;  // arrays and objects inside each other: 400
  bool test_endpoints =
      false;  // /test/sleep and /test/spin, which hold a worker for as long as they are told
  GzipOptions gzip;
  std::string reverse_endpoint = "reverse";  // what the endpoint of /reverse is called
  bool needs_keys = false;                   // of clients; the API document says so
};

// Either `plan`, `change` or `response`.
struct Resolution {
  std::optional<Plan> plan;
  std::optional<Error> unavailable;        // the model is known, and does not answer: `plan` has no
                                           // version and no handler
  std::optional<RepositoryChange> change;  // to be made; its answer is {} or what went wrong
  http::Response response;                 // health, metadata, or an error
  bool is_clients_fault = false;           // `response` is one: counted against `endpoint`
  bool needs_body = false;                 // `change` or `response` depends on the body
  const serve::Endpoint* endpoint = nullptr;
};

// The routes of one server, fixed after start, and the handlers of those that are no model's.
//
// Threads: Resolve from any conductor.
class Gateway {
 public:
  // Adds the routes' endpoints to `endpoints`. It and `models` outlive the gateway.
  Gateway(serve::Endpoints& endpoints, const ModelDirectory& models,
          std::shared_ptr<http::GzipCounts> counts, const GatewayOptions& options);
  ~Gateway();

  // `turn`: kLeaves while only the head has come, and the same request will be resolved again.
  Resolution Resolve(const http::Request& request, const Catalogue& catalogue, bool is_ready,
                     CanaryTurn turn = CanaryTurn::kTakes) const;

  // False for the few routes that are open to all, whatever keys clients need.
  bool NeedsKey(const http::Request& request) const;

  // What to run before the first request, to know how long requests take.
  struct WarmUp {
    const serve::Endpoint* endpoint = nullptr;
    const serve::Handler* handler = nullptr;
  };
  std::vector<WarmUp> warm_ups() const;

  const serve::Endpoint& unknown() const { return endpoints_.unknown(); }

 private:
  // A callable thing: an endpoint and the body format it is called with.
  struct Callable {
    const serve::Endpoint* endpoint = nullptr;
    std::unique_ptr<serve::Handler> handler;
  };
  void AddRoutes();
  void AddCallable(Route route, const std::string& name, serve::Endpoint::Kind kind,
                   std::unique_ptr<serve::Handler> handler);
  Resolution Call(const http::Request& request, Plan plan) const;
  Resolution CallModel(const http::Request& request, const http::Match& match,
                       const Catalogue& catalogue, Route route, CanaryTurn turn) const;
  Resolution Describe(const http::Match& match, const Catalogue& catalogue, Route route) const;
  // Of the protocol's extensions.
  Resolution Configuration(const http::Match& match) const;
  Resolution Statistics(const http::Match& match) const;
  Resolution Index(const http::Request& request) const;
  Resolution ChangeModel(const http::Request& request, const http::Match& match,
                         RepositoryChange::Kind kind) const;
  Resolution Refusal(const Error& error) const;
  Resolution Fault(const Error& error, const serve::Endpoint* endpoint = nullptr) const;

  serve::Endpoints& endpoints_;
  const ModelDirectory& models_;
  const bool has_test_endpoints_;
  const bool needs_keys_;
  std::map<Route, Callable> route_callables_;
  http::Router router_;
};

}  // namespace baton::api
