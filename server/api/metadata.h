// Bodies of the Open Inference Protocol's health and metadata answers.
#pragma once

#include <string>
#include <string_view>

#include "server/base/result.h"
#include "server/models/model.h"
#include "server/models/repository.h"

namespace baton::api {

std::string ServerMetadata();            // {"name":"baton","version":...,"extensions":[]}
std::string ServerLive();                // {"live":true}
std::string ServerReady(bool is_ready);  // {"ready":...}

// The version asked for, the latest for an empty one. Lives as long as `versions`.
// Errors: kNotFound, naming the model, the version and those there are.
Result<const models::Model*> ChooseModel(const models::ModelVersions& versions,
                                         std::string_view version);

// Name, versions, platform, inputs and outputs. Errors: as ChooseModel.
Result<std::string> ModelMetadata(const models::ModelVersions& versions, std::string_view version);

// {"name":...,"ready":true}: a version that is there has been loaded. Errors: as ChooseModel.
Result<std::string> ModelReady(const models::ModelVersions& versions, std::string_view version);

}  // namespace baton::api
