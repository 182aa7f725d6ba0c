// The routes of the data plane, each with what its callers are told of it.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "server/http/message.h"

namespace baton::api {

enum class Route {
  kHello,
  kOpenApi,
  kServerMetadata,
  kLive,
  kReady,
  kModelMetadata,
  kModelReady,
  kModelConfig,
  kModelStatistics,
  kRepositoryIndex,
  kRepositoryLoad,
  kRepositoryUnload,
  kInfer,
  kPredict,
  kReverse,
  kSleep,
  kSpin,
};

// What a callable route has in common with all of its kind.
enum class RouteKind {
  kPlain,  // answered by the conductor
  kModel,  // the same, about a model: 404 for an unknown one, 503 for one that does not answer
  kCall,   // runs on a worker under a budget
  kTest,   // the same, and only there with --test-endpoints
};

// The body of a request or an answer, by the name of its schema in the API document; "" for none.
struct RouteText {
  http::Method method;
  std::string_view pattern;
  Route route;
  RouteKind kind;
  std::string_view operation;  // unique
  std::string_view summary;
  std::string_view request;
  std::string_view response;
  bool needs_key = true;  // where clients need API keys at all
};

// Every one there is.
std::span<const RouteText> AllRoutes();

}  // namespace baton::api
