// The admin API as topics, out of its descriptors with their comments.
#pragma once

#include <string_view>
#include <vector>

#include "admin/ctl/topics.h"

namespace baton::ctl {

// `descriptors` is a serialised FileDescriptorSet with source info, each file after those that it
// imports. Empty for what is none.
std::vector<Topic> ApiTopics(std::string_view descriptors);

}  // namespace baton::ctl
