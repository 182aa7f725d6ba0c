// What the operations of the API document share, as it stands in it.
#include "server/api/openapi.h"

namespace baton::api {
namespace {

// Of api::KeyRefusal; in front of the rest where there are keys.
constexpr std::string_view kSecuritySchemes = R"json("securitySchemes":{
"Bearer":{"type":"http","scheme":"bearer","description":"The API key"},
"ApiKey":{"type":"apiKey","in":"header","name":"X-API-Key",
  "description":"The API key; counts where both headers are there"}
},
)json";

constexpr std::string_view kComponents = R"json("schemas":{
"Error":{"type":"object","required":["error"],"properties":{
  "error":{"type":"string","description":"What was expected, and what came"},
  "field":{"type":"string","description":"Where in the request, such as inputs[0].shape"}}},
"Object":{"type":"object"},
"OpenApi":{"type":"object","required":["openapi","info","paths"]},
"Hello":{"type":"object","required":["message"],"properties":{"message":{"type":"string"}}},
"Live":{"type":"object","required":["live"],"properties":{"live":{"type":"boolean"}}},
"Ready":{"type":"object","required":["ready"],"properties":{"ready":{"type":"boolean"}}},
"ModelReady":{"type":"object","required":["name","ready"],"properties":{
  "name":{"type":"string"},"ready":{"type":"boolean"}}},
"ServerMetadata":{"type":"object","required":["name","version","extensions"],"properties":{
  "name":{"type":"string"},"version":{"type":"string"},
  "extensions":{"type":"array","items":{"type":"string"}}}},
"Datatype":{"type":"string","enum":["BOOL","UINT8","UINT16","UINT32","UINT64","INT8","INT16","INT32",
  "INT64","FP16","FP32","FP64","BYTES","BF16"]},
"Parameters":{"type":["object","null"],
  "additionalProperties":{"type":["string","number","boolean"]}},
"TensorMetadata":{"type":"object","required":["name","datatype","shape"],"properties":{
  "name":{"type":"string"},"datatype":{"$ref":"#/components/schemas/Datatype"},
  "shape":{"type":"array","items":{"type":"integer","minimum":-1}}}},
"ModelMetadata":{"type":"object","required":["name","versions","platform","inputs","outputs"],
  "properties":{"name":{"type":"string"},"versions":{"type":"array","items":{"type":"string"}},
  "platform":{"type":"string"},
  "inputs":{"type":"array","items":{"$ref":"#/components/schemas/TensorMetadata"}},
  "outputs":{"type":"array","items":{"$ref":"#/components/schemas/TensorMetadata"}}}},
"ConfigTensor":{"type":"object","required":["name","data_type","dims"],"properties":{
  "name":{"type":"string"},"data_type":{"type":"string","pattern":"^TYPE_[A-Z0-9]+$"},
  "dims":{"type":"array","items":{"type":"integer","minimum":-1}}}},
"ModelConfig":{"type":"object",
  "required":["name","platform","backend","version_policy","max_batch_size","input","output"],
  "properties":{"name":{"type":"string"},"platform":{"type":"string"},"backend":{"type":"string"},
  "version_policy":{"type":"object"},"max_batch_size":{"type":"integer","minimum":0},
  "dynamic_batching":{"type":"object"},
  "input":{"type":"array","items":{"$ref":"#/components/schemas/ConfigTensor"}},
  "output":{"type":"array","items":{"$ref":"#/components/schemas/ConfigTensor"}},
  "parameters":{"type":"object"}}},
"Duration":{"type":"object","required":["count","ns"],"properties":{
  "count":{"type":"integer","minimum":0},"ns":{"type":"integer","minimum":0}}},
"ModelStatistics":{"type":"object","required":["model_stats"],"properties":{"model_stats":{
  "type":"array","items":{"type":"object","required":["name","version","last_inference",
  "inference_count","execution_count","inference_stats","batch_stats"],"properties":{
  "name":{"type":"string"},"version":{"type":"string"},
  "last_inference":{"type":"integer","minimum":0,"description":"Milliseconds since 1970"},
  "inference_count":{"type":"integer","minimum":0},"execution_count":{"type":"integer","minimum":0},
  "inference_stats":{"type":"object",
    "additionalProperties":{"$ref":"#/components/schemas/Duration"}},
  "batch_stats":{"type":"array","items":{"type":"object","required":["batch_size","compute_infer"],
    "properties":{"batch_size":{"type":"integer","minimum":1},
    "compute_infer":{"$ref":"#/components/schemas/Duration"}}}}}}}}},
"IndexRequest":{"type":"object","properties":{"ready":{"type":["boolean","null"],
  "description":"Only what answers"}}},
"Index":{"type":"array","items":{"type":"object","required":["name","version","state","reason"],
  "properties":{"name":{"type":"string"},"version":{"type":"string"},
  "state":{"enum":["READY","LOADING","UNAVAILABLE"]},"reason":{"type":"string"}}}},
"ChangeRequest":{"type":"object","properties":{"parameters":{"type":["object","null"],
  "properties":{"unload_dependents":{}},"additionalProperties":false}}},
"Changed":{"type":"object"},
"InferInput":{"type":"object","required":["name","shape","datatype"],"properties":{
  "name":{"type":"string"},"shape":{"type":"array","items":{"type":"integer","minimum":0}},
  "datatype":{"$ref":"#/components/schemas/Datatype"},
  "parameters":{"$ref":"#/components/schemas/Parameters"},
  "data":{"description":"Row-major, flat or nested as the shape says"}}},
"InferRequest":{"type":"object","required":["inputs"],
  "description":"Raw tensors follow behind it, where the header Inference-Header-Content-Length says how many bytes it has",
  "properties":{"id":{"type":["string","null"]},
  "parameters":{"$ref":"#/components/schemas/Parameters"},
  "inputs":{"type":"array","items":{"$ref":"#/components/schemas/InferInput"}},
  "outputs":{"type":["array","null"],"items":{"type":"object","required":["name"],"properties":{
    "name":{"type":"string"},"parameters":{"$ref":"#/components/schemas/Parameters"}}}}}},
"InferResponse":{"type":"object","required":["model_name","model_version","outputs"],"properties":{
  "model_name":{"type":"string"},"model_version":{"type":"string"},"id":{"type":"string"},
  "parameters":{"type":"object"},"outputs":{"type":"array","items":{"type":"object",
    "required":["name","datatype","shape"],"properties":{"name":{"type":"string"},
    "datatype":{"$ref":"#/components/schemas/Datatype"},
    "shape":{"type":"array","items":{"type":"integer","minimum":0}},
    "parameters":{"type":"object"},"data":{"type":"array"}}}}}},
"PredictRequest":{"type":"object","required":["instances"],"properties":{
  "instances":{"type":"array","minItems":1,"description":"A row each"}}},
"PredictResponse":{"type":"object","required":["predictions"],"properties":{
  "predictions":{"type":"array"}}},
"Hold":{"type":"object","required":["ms"],"properties":{
  "ms":{"type":"number","minimum":0,"maximum":60000},"cancellable":{"type":"boolean"}}},
"Held":{"type":"object","required":["ms"],"properties":{"ms":{"type":"number"}}}
},
"parameters":{
"Budget":{"name":"Baton-Budget-Ms","in":"header","schema":{"type":"number","minimum":0},
  "description":"The latency budget in milliseconds; the smallest of those given counts"},
"GrpcTimeout":{"name":"grpc-timeout","in":"header","schema":{"type":"string"},
  "description":"The same as gRPC writes it, such as 50m; ignored where it is malformed"},
"EnvoyTimeout":{"name":"x-envoy-expected-rq-timeout-ms","in":"header","schema":{"type":"string"},
  "description":"The same in milliseconds; ignored where it is malformed"},
"Criticality":{"name":"Baton-Criticality","in":"header",
  "schema":{"enum":["critical","default","sheddable"]},"description":"Who gives way first"},
"Explain":{"name":"Baton-Explain","in":"header","schema":{"type":"string"},
  "description":"1 asks for Server-Timing on predictions"}
},
"headers":{
"Baton-Answer":{"schema":{"enum":["prediction","fallback","refused","timeout","error","invalid"]},
  "description":"What kind of answer this is"},
"Baton-Budget-Ms":{"schema":{"type":"number"},"description":"The budget that was granted"},
"Baton-Cause":{"schema":{"type":"string"},"description":"Why there is no prediction"},
"Server-Timing":{"schema":{"type":"string"},"description":"Where the time went"},
"Retry-After":{"schema":{"type":"integer","minimum":1},"description":"Seconds"},
"RateLimit":{"schema":{"type":"string"},
  "description":"What is left to the API key, where it has a rate: requests as r, and in how many seconds all, or of a 429 the next, are there again as t"},
"RateLimit-Policy":{"schema":{"type":"string"},
  "description":"The rate of the API key: q requests in w seconds"},
"WWW-Authenticate":{"schema":{"type":"string"},"description":"What is wrong with the API key"},
"Allow":{"schema":{"type":"string"},"description":"Methods that are served here"}
},
"responses":{
"400":{"description":"The request is malformed, or does not fit the model",
  "content":{"application/json":{"schema":{"$ref":"#/components/schemas/Error"}}}},
"401":{"description":"An API key is expected, and there is none that is good",
  "headers":{"WWW-Authenticate":{"$ref":"#/components/headers/WWW-Authenticate"},
    "Baton-Answer":{"$ref":"#/components/headers/Baton-Answer"}},
  "content":{"application/json":{"schema":{"$ref":"#/components/schemas/Error"}}}},
"403":{"description":"Off on this server",
  "content":{"application/json":{"schema":{"$ref":"#/components/schemas/Error"}}}},
"404":{"description":"Unknown model or version",
  "content":{"application/json":{"schema":{"$ref":"#/components/schemas/Error"}}}},
"405":{"description":"Another method is served here",
  "headers":{"Allow":{"$ref":"#/components/headers/Allow"}},
  "content":{"application/json":{"schema":{"$ref":"#/components/schemas/Error"}}}},
"408":{"description":"The request took longer to arrive than it may",
  "content":{"application/json":{"schema":{"$ref":"#/components/schemas/Error"}}}},
"411":{"description":"A body is expected",
  "content":{"application/json":{"schema":{"$ref":"#/components/schemas/Error"}}}},
"413":{"description":"The body is too large",
  "content":{"application/json":{"schema":{"$ref":"#/components/schemas/Error"}}}},
"415":{"description":"The body's type or coding is not served",
  "content":{"application/json":{"schema":{"$ref":"#/components/schemas/Error"}}}},
"429":{"description":"The API key was used more often than it may be",
  "headers":{"Retry-After":{"$ref":"#/components/headers/Retry-After"},
    "RateLimit":{"$ref":"#/components/headers/RateLimit"},
    "RateLimit-Policy":{"$ref":"#/components/headers/RateLimit-Policy"},
    "Baton-Answer":{"$ref":"#/components/headers/Baton-Answer"}},
  "content":{"application/json":{"schema":{"$ref":"#/components/schemas/Error"}}}},
"500":{"description":"The model failed",
  "content":{"application/json":{"schema":{"$ref":"#/components/schemas/Error"}}}},
"503":{"description":"Refused at once: it could not be in time, or the model does not answer now",
  "headers":{"Retry-After":{"$ref":"#/components/headers/Retry-After"}},
  "content":{"application/json":{"schema":{"$ref":"#/components/schemas/Error"}}}},
"504":{"description":"The budget is spent",
  "content":{"application/json":{"schema":{"$ref":"#/components/schemas/Error"}}}},
"4XX":{"description":"The request is refused",
  "content":{"application/json":{"schema":{"$ref":"#/components/schemas/Error"}}}},
"5XX":{"description":"The server cannot",
  "content":{"application/json":{"schema":{"$ref":"#/components/schemas/Error"}}}}
}})json";

}  // namespace

std::string OpenApiComponents(bool needs_keys) {
  std::string components = "{";
  if (needs_keys) components += kSecuritySchemes;
  return components.append(kComponents);
}

}  // namespace baton::api
