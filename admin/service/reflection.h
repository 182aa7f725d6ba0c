// gRPC server reflection, v1 and v1alpha, over the schema that is linked into the program.
#pragma once

#include <memory>
#include <string>
#include <vector>

namespace grpc {
class Service;
}

namespace baton::admin {

// `services` are full names, and what list_services answers. gRPC 1.51 brings v1alpha alone; one
// implementation behind both keeps them from disagreeing.
std::unique_ptr<grpc::Service> MakeReflectionV1(std::vector<std::string> services);
std::unique_ptr<grpc::Service> MakeReflectionV1Alpha(std::vector<std::string> services);

}  // namespace baton::admin
