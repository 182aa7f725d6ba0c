// Which fields an update changes, out of its mask and of what is set in it.
#pragma once

#include <initializer_list>
#include <set>
#include <string>
#include <string_view>

#include "server/base/result.h"

namespace google::protobuf {
class FieldMask;
class Message;
}  // namespace google::protobuf

namespace baton::admin {

// The fields of `resource` that an update wants changed; each is one of `settable`, which are paths
// such as "size" and "batch.max_size", and is set. An empty mask stands for those that are set, "*"
// for all of `settable`, "batch" for all below it. `what` names the resource in errors ("pool").
// Fails with kInvalidArgument for a path that is unknown, output only or not set, and when nothing
// is left.
Result<std::set<std::string>> FieldsToChange(const google::protobuf::FieldMask& mask,
                                             const google::protobuf::Message& resource,
                                             std::string_view what,
                                             std::initializer_list<std::string_view> settable);

}  // namespace baton::admin
