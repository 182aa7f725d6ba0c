// The table.
#include "server/api/route_table.h"

#include <array>

namespace baton::api {
namespace {

using enum RouteKind;
using http::Method;

constexpr std::string_view kNone;
constexpr bool kOpen = false;  // of needs_key: for whoever watches whether the server lives
constexpr std::string_view kInferSummary = "A prediction of a model";

constexpr std::array kRoutes = {
    RouteText{Method::kGet, "/hello", Route::kHello, kPlain, "hello", "A greeting", kNone, "Hello",
              kOpen},
    RouteText{Method::kGet, "/openapi.json", Route::kOpenApi, kPlain, "openApi", "This document",
              kNone, "OpenApi"},
    RouteText{Method::kPost, "/reverse", Route::kReverse, kCall, "reverse",
              "A JSON object with its strings turned round", "Object", "Object"},
    RouteText{Method::kGet, "/v2", Route::kServerMetadata, kPlain, "serverMetadata",
              "The server and the extensions of the protocol that it has", kNone, "ServerMetadata"},
    RouteText{Method::kGet, "/v2/", Route::kServerMetadata, kPlain, "serverMetadataSlash",
              "The same as /v2", kNone, "ServerMetadata"},
    RouteText{Method::kGet, "/v2/health/live", Route::kLive, kPlain, "serverLive",
              "Whether the server answers", kNone, "Live", kOpen},
    RouteText{Method::kGet, "/v2/health/ready", Route::kReady, kPlain, "serverReady",
              "Whether the server takes requests", kNone, "Ready", kOpen},
    RouteText{Method::kGet, "/v2/models/stats", Route::kModelStatistics, kPlain,
              "allModelStatistics", "What all models have done so far", kNone, "ModelStatistics"},
    RouteText{Method::kGet, "/v2/models/{m}", Route::kModelMetadata, kModel, "modelMetadata",
              "Inputs and outputs of a model", kNone, "ModelMetadata"},
    RouteText{Method::kGet, "/v2/models/{m}/versions/{v}", Route::kModelMetadata, kModel,
              "versionMetadata", "Inputs and outputs of a version of a model", kNone,
              "ModelMetadata"},
    RouteText{Method::kGet, "/v2/models/{m}/ready", Route::kModelReady, kModel, "modelReady",
              "Whether a model answers", kNone, "ModelReady"},
    RouteText{Method::kGet, "/v2/models/{m}/versions/{v}/ready", Route::kModelReady, kModel,
              "versionReady", "Whether a version of a model answers", kNone, "ModelReady"},
    RouteText{Method::kGet, "/v2/models/{m}/config", Route::kModelConfig, kModel, "modelConfig",
              "How a model is run", kNone, "ModelConfig"},
    RouteText{Method::kGet, "/v2/models/{m}/versions/{v}/config", Route::kModelConfig, kModel,
              "versionConfig", "How a version of a model is run", kNone, "ModelConfig"},
    RouteText{Method::kGet, "/v2/models/{m}/stats", Route::kModelStatistics, kModel,
              "modelStatistics", "What the versions of a model have done so far", kNone,
              "ModelStatistics"},
    RouteText{Method::kGet, "/v2/models/{m}/versions/{v}/stats", Route::kModelStatistics, kModel,
              "versionStatistics", "What a version of a model has done so far", kNone,
              "ModelStatistics"},
    RouteText{Method::kPost, "/v2/repository/index", Route::kRepositoryIndex, kPlain,
              "repositoryIndex", "Models and versions with their states", "IndexRequest", "Index"},
    RouteText{Method::kPost, "/v2/repository/models/{m}/load", Route::kRepositoryLoad, kModel,
              "loadModel", "Loads a model, with --allow-model-control", "ChangeRequest", "Changed"},
    RouteText{Method::kPost, "/v2/repository/models/{m}/unload", Route::kRepositoryUnload, kModel,
              "unloadModel", "Unloads a model, with --allow-model-control", "ChangeRequest",
              "Changed"},
    RouteText{Method::kPost, "/v2/models/{m}/infer", Route::kInfer, kCall, "infer", kInferSummary,
              "InferRequest", "InferResponse"},
    RouteText{Method::kPost, "/v2/models/{m}/versions/{v}/infer", Route::kInfer, kCall,
              "inferVersion", "A prediction of a version of a model", "InferRequest",
              "InferResponse"},
    RouteText{Method::kPost, "/v1/models/{m}:predict", Route::kPredict, kCall, "predict",
              kInferSummary, "PredictRequest", "PredictResponse"},
    RouteText{Method::kPost, "/test/sleep", Route::kSleep, kTest, "sleep",
              "Holds a worker without work", "Hold", "Held"},
    RouteText{Method::kPost, "/test/spin", Route::kSpin, kTest, "spin", "Holds a worker with work",
              "Hold", "Held"},
};

}  // namespace

std::span<const RouteText> AllRoutes() { return kRoutes; }

}  // namespace baton::api
