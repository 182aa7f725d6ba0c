// The API document: OpenAPI 3.1, out of the table of routes.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "server/api/model_directory.h"

namespace baton::api {

// Every route with its bodies, headers and errors; with the models that answer as examples.
// `has_test_endpoints`: those, too.
std::string OpenApiDocument(std::span<const ModelIndexEntry> models, bool has_test_endpoints);

// The document's `components`, a JSON object: schemas of bodies, parameters, headers, errors.
std::string_view OpenApiComponents();

}  // namespace baton::api
