// What batonctl prints: tables for people, JSON and YAML for programs, names for scripts.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "baton/admin/v1/admin_service.pb.h"

#include "admin/ctl/look.h"

namespace baton::ctl {

// Field names as in the schema, fields with their default value too; 64-bit numbers are strings, as
// protobuf's JSON has them. Ends with a line break.
std::string ToJson(const google::protobuf::Message& message);

// Several messages, each under a name of its own. `flag` is a truth that stands behind them; none
// when it is empty.
struct Part {
  std::string name;
  const google::protobuf::Message& message;
};
std::string ToJson(std::span<const Part> parts, const std::string& flag = "", bool truth = false);
std::string ToYaml(std::span<const Part> parts, const std::string& flag = "", bool truth = false);

std::string ToTable(const admin::v1::ServerStatus& status, const Look& look);
std::string ToTable(const admin::v1::Pool& pool, const Look& look);
// Wide: a line of columns, else a line for each thing that is known of it.
std::string ToTable(const admin::v1::Endpoint& endpoint, const Look& look);
std::string ToTable(const admin::v1::ListEndpointsResponse& endpoints, const Look& look);
std::string ToTable(const admin::v1::ListMissesResponse& misses, const Look& look);

// Resource names, a line each; nothing for what has none.
std::string ToNames(const admin::v1::ServerStatus& status);
std::string ToNames(const admin::v1::ListMissesResponse& misses);
std::string ToNames(const admin::v1::Config& config);
std::string ToNames(const admin::v1::ReloadConfigResponse& reload);
std::string ToNames(const admin::v1::Pool& pool);
std::string ToNames(const admin::v1::Endpoint& endpoint);
std::string ToNames(const admin::v1::ListEndpointsResponse& endpoints);
std::string ToNames(const admin::v1::Model& model);
std::string ToNames(const admin::v1::ListModelsResponse& models);
std::string ToNames(const admin::v1::ReloadModelsResponse& models);

// "pool size: 2 -> 4", and a line break.
std::string ChangeLine(const std::string& what, const std::string& before, const std::string& after,
                       bool validate_only);
std::string ChangeToTable(const admin::v1::Pool& before, const admin::v1::Pool& after,
                          bool validate_only);

}  // namespace baton::ctl
