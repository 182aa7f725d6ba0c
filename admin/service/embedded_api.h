// The schema of the admin API with its comments, as protoc describes it, put into the program at
// build time.
#pragma once

#include <string_view>

namespace baton::admin {

// A serialized google.protobuf.FileDescriptorSet, for "admin_service.desc"; empty for another name.
std::string_view EmbeddedApi(std::string_view name);

}  // namespace baton::admin
