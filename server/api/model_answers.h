// Bodies of the protocol's extensions over HTTP: model configuration, statistics, model repository.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "server/api/model_directory.h"
#include "server/base/result.h"
#include "server/http/message.h"

namespace baton::api {

// {"name":...,"platform":...,"backend":...,"version_policy":...,"max_batch_size":...,"input":[...],
// ...}: a dimension of rows is left out where max_batch_size says that there is one.
std::string ModelConfiguration(const ModelDescription& model);
// {"model_stats":[...]}.
std::string ModelStatistics(std::span<const VersionStatistics> versions);
// [{"name":...,"version":...,"state":...,"reason":...},...].
std::string RepositoryIndex(std::span<const ModelIndexEntry> entries, bool only_ready);

// What such requests say in their body, which may be missing. Errors: kInvalidArgument, kTooLarge
// and kUnsupported.
// The index: {"ready": true} asks for what answers alone.
Result<bool> ReadIndexAsk(const http::Request& request);
// Load and unload: {"parameters": {...}}.
Status CheckChangeAsk(const http::Request& request);
// Of the parameters "unload_dependents" is known and changes nothing. Errors: kInvalidArgument.
Status CheckChangeParameter(std::string_view name);

}  // namespace baton::api
