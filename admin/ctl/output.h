// What batonctl prints: tables for people, protobuf's JSON for programs.
#pragma once

#include <string>

#include "baton/admin/v1/admin_service.pb.h"

namespace baton::ctl {

// Field names as in the schema, fields with their default value too; 64-bit numbers are strings, as
// protobuf's JSON has them. Ends with a line break.
std::string ToJson(const google::protobuf::Message& message);
// An object of `before`, `after` and `validate_only`.
std::string ChangeToJson(const google::protobuf::Message& before,
                         const google::protobuf::Message& after, bool validate_only);

std::string ToTable(const admin::v1::ServerStatus& status);
std::string ToTable(const admin::v1::Pool& pool);
std::string ToTable(const admin::v1::ListEndpointsResponse& endpoints);

// "pool size: 2 -> 4", and a line break.
std::string ChangeLine(const std::string& what, const std::string& before, const std::string& after,
                       bool validate_only);
std::string ChangeToTable(const admin::v1::Pool& before, const admin::v1::Pool& after,
                          bool validate_only);

}  // namespace baton::ctl
