// Which fields an update changes, out of its mask and of what is set in it.
#include "admin/service/field_mask.h"

#include <algorithm>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/field_mask.pb.h>
#include <google/protobuf/message.h>

namespace baton::admin {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::FieldMask;
using google::protobuf::Message;
using Settable = std::initializer_list<std::string_view>;

std::string Listed(Settable settable) {
  std::string text;
  for (const std::string_view path : settable) {
    if (!text.empty()) text += ", ";
    text += path;
  }
  return text;
}

bool IsSet(const Message& resource, std::string_view path) {
  const FieldDescriptor* field = resource.GetDescriptor()->FindFieldByName(std::string(path));
  return field != nullptr && resource.GetReflection()->HasField(resource, field);
}

tl::unexpected<Error> BadPath(const std::string& path, std::string_view problem,
                              Settable settable) {
  return Fail(ErrorCode::kInvalidArgument,
              "update_mask: \"" + path + "\" " + std::string(problem) + "; expected one of " +
                  Listed(settable) + ", or \"*\" alone",
              "update_mask");
}

// Whether a mask may name `path`, given that it is not "*" alone.
Status CheckPath(const std::string& path, const Message& resource, std::string_view what,
                 Settable settable) {
  if (std::find(settable.begin(), settable.end(), path) != settable.end()) return {};
  if (path == "*") return BadPath(path, "stands beside other paths", settable);
  const bool exists = resource.GetDescriptor()->FindFieldByName(path) != nullptr;
  return BadPath(path, exists ? "cannot be changed" : "is no field of " + std::string(what),
                 settable);
}

Result<std::set<std::string>> FieldsNamed(const FieldMask& mask, const Message& resource,
                                          std::string_view what, Settable settable) {
  if (mask.paths_size() == 1 && mask.paths(0) == "*") {
    return std::set<std::string>(settable.begin(), settable.end());
  }
  std::set<std::string> fields;
  for (const std::string& path : mask.paths()) {
    if (Status status = CheckPath(path, resource, what, settable); !status) {
      return tl::unexpected<Error>(status.error());
    }
    fields.insert(path);
  }
  return fields;
}

}  // namespace

Result<std::set<std::string>> FieldsToChange(const FieldMask& mask, const Message& resource,
                                             std::string_view what, Settable settable) {
  Result<std::set<std::string>> fields = FieldsNamed(mask, resource, what, settable);
  if (!fields) return fields;
  if (mask.paths().empty()) {
    for (const std::string_view path : settable) {
      if (IsSet(resource, path)) fields->emplace(path);
    }
  }
  for (const std::string& path : *fields) {
    if (IsSet(resource, path)) continue;
    const std::string field = std::string(what) + "." + path;
    return Fail(ErrorCode::kInvalidArgument,
                field + ": expected a value, since update_mask names it, but it is not set", field);
  }
  if (fields->empty()) {
    return Fail(ErrorCode::kInvalidArgument,
                std::string(what) + ": nothing to change; expected at least one of " +
                    Listed(settable) + " to be set",
                std::string(what));
  }
  return fields;
}

}  // namespace baton::admin
