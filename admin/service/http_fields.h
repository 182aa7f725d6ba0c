// Fields of a request out of what HTTP has: parameters of a query, a JSON document.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/base/result.h"

namespace google::protobuf {
class Message;
}

namespace baton::admin {

// All fail with kInvalidArgument, naming the field, what is expected and what came.

// Sets fields of `message` from "page_size=10&update_mask=size". Names are fields, or fields of
// fields ("pool.size"). Numbers, true and false, text, enums by name or number; masks are paths
// with commas between, and a repeated field gets one more each time. `taken` are the fields that
// are said elsewhere, with all below them.
Status FillFromQuery(std::string_view query, const std::vector<std::string>& taken,
                     google::protobuf::Message& message);

// Sets the text at `path`, whose origin is `where` in errors. One that is there already has to say
// the same.
Status SetText(google::protobuf::Message& message, const std::string& path,
               const std::string& value, std::string_view where);

// Fills `message`, which is empty, from a JSON object in the form of proto3: its names or the ones
// in lowerCamelCase. What is unknown, or there twice, is refused.
Status FillFromJson(std::string_view json, google::protobuf::Message& message);

}  // namespace baton::admin
