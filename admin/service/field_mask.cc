// Which fields an update changes, out of its mask and of what is set in it.
#include "admin/service/field_mask.h"

#include <cstddef>
#include <vector>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/field_mask.pb.h>
#include <google/protobuf/message.h>

namespace baton::admin {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FieldMask;
using google::protobuf::Message;
using google::protobuf::Reflection;
using Settable = std::initializer_list<std::string_view>;

std::string Listed(Settable settable) {
  std::string text;
  for (const std::string_view path : settable) {
    if (!text.empty()) text += ", ";
    text += path;
  }
  return text;
}

// "batch" of "batch.max_size", which loses it and its dot; all of a path without a dot.
std::string TakeHead(std::string_view& path) {
  const std::size_t dot = path.find('.');
  std::string head(path.substr(0, dot));
  path = dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1);
  return head;
}

bool Exists(const Descriptor* type, std::string_view path) {
  while (type != nullptr) {
    const bool is_last = path.find('.') == std::string_view::npos;
    const FieldDescriptor* field = type->FindFieldByName(TakeHead(path));
    if (field == nullptr || is_last) return field != nullptr;
    type = field->message_type();
  }
  return false;
}

// Requires: the path exists.
bool IsSet(const Message& resource, std::string_view path) {
  const FieldDescriptor* field = resource.GetDescriptor()->FindFieldByName(TakeHead(path));
  const Reflection& reflection = *resource.GetReflection();
  if (!reflection.HasField(resource, field)) return false;
  return path.empty() || IsSet(reflection.GetMessage(resource, field), path);
}

// Those of `settable` that `path` stands for: itself, or all below it.
std::vector<std::string_view> Covered(const std::string& path, Settable settable) {
  std::vector<std::string_view> covered;
  for (const std::string_view one : settable) {
    if (one == path || one.starts_with(path + ".")) covered.push_back(one);
  }
  return covered;
}

tl::unexpected<Error> BadPath(const std::string& path, std::string_view problem,
                              Settable settable) {
  return Fail(ErrorCode::kInvalidArgument,
              "update_mask: \"" + path + "\" " + std::string(problem) + "; expected one of " +
                  Listed(settable) + ", or \"*\" alone",
              "update_mask");
}

tl::unexpected<Error> NotSettable(const std::string& path, const Message& resource,
                                  std::string_view what, Settable settable) {
  if (path == "*") return BadPath(path, "stands beside other paths", settable);
  const bool exists = Exists(resource.GetDescriptor(), path);
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
    const std::vector<std::string_view> covered = Covered(path, settable);
    if (covered.empty()) return NotSettable(path, resource, what, settable);
    fields.insert(covered.begin(), covered.end());
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
