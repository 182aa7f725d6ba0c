// Bodies of the Open Inference Protocol's health and metadata answers.
#pragma once

#include <string>
#include <string_view>

#include "server/api/catalogue.h"
#include "server/base/result.h"

namespace baton::api {

std::string ServerMetadata();            // {"name":"baton","version":...,"extensions":[...]}
std::string ServerLive();                // {"live":true}
std::string ServerReady(bool is_ready);  // {"ready":...}

// Name, versions, platform, inputs and outputs. Errors: as Catalogue::Pick.
Result<std::string> ModelMetadata(const Catalogue& catalogue, std::string_view model,
                                  std::string_view version);

// {"name":...,"ready":...}.
std::string ModelReady(std::string_view model, bool is_ready);

}  // namespace baton::api
