// GRPCInferenceService with nothing of it answered by gRPC's own threads.
#pragma once

#include "inference/grpc_service.grpc.pb.h"

namespace baton::api {

// ModelInfer is raw, for whoever requests it from the completion queue; the others come as generic
// calls. A method that is left to gRPC, in its synchronous or its callback form, would bring
// threads that poll the same connections.
template <typename Service>
using Generic = inference::GRPCInferenceService::WithGenericMethod_ServerLive<
    inference::GRPCInferenceService::WithGenericMethod_ServerReady<
        inference::GRPCInferenceService::WithGenericMethod_ModelReady<
            inference::GRPCInferenceService::WithGenericMethod_ServerMetadata<
                inference::GRPCInferenceService::WithGenericMethod_ModelMetadata<
                    inference::GRPCInferenceService::WithGenericMethod_ModelConfig<
                        inference::GRPCInferenceService::WithGenericMethod_ModelStatistics<
                            inference::GRPCInferenceService::WithGenericMethod_RepositoryIndex<
                                inference::GRPCInferenceService::
                                    WithGenericMethod_RepositoryModelLoad<
                                        inference::GRPCInferenceService::
                                            WithGenericMethod_RepositoryModelUnload<
                                                Service>>>>>>>>>>;
using InferenceService = inference::GRPCInferenceService::WithRawMethod_ModelInfer<
    Generic<inference::GRPCInferenceService::Service>>;

}  // namespace baton::api
