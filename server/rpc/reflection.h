// gRPC server reflection, v1 and v1alpha, over the schema that is linked into the program.
#pragma once

#include <string>
#include <vector>

#include "server/rpc/plain_method.h"

namespace baton::rpc {

// `services` are full names, and what list_services answers. The messages of both versions are the
// same bytes, and gRPC 1.51 brings v1alpha alone.
PlainMethods ReflectionMethods(const std::vector<std::string>& services);

}  // namespace baton::rpc
