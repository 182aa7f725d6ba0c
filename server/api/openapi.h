// The API document: OpenAPI 3.1, out of the table of routes.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "server/api/model_directory.h"

namespace baton::api {

// What of a server's settings shows in the document.
struct OpenApiOptions {
  bool test_endpoints = false;
  bool needs_keys = false;  // of clients: how they show theirs, and what is said to who has none
};

// Every route with its bodies, headers and errors; with the models that answer as examples.
std::string OpenApiDocument(std::span<const ModelIndexEntry> models, const OpenApiOptions& options);

// The document's `components`, a JSON object: schemas of bodies, parameters, headers, errors, and
// with `needs_keys` the ways to show a key.
std::string OpenApiComponents(bool needs_keys);

}  // namespace baton::api
