// Texts of the project as they were when the program was built, so that it can explain things
// without a network, and without their files.
#pragma once

#include <string_view>

namespace baton::ctl {

// "metrics.md", "headers-and-statuses.md", "understand-a-miss.md", "ARCHITECTURE.md", and
// "admin_api.desc", the admin API with its comments as a FileDescriptorSet. Empty for any other.
std::string_view EmbeddedText(std::string_view name);

}  // namespace baton::ctl
