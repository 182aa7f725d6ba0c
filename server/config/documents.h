// What the schema says, for people and their editors.
#pragma once

#include <string>

namespace baton::config {

// JSON Schema, draft 2020-12, of a configuration file.
std::string JsonSchema();

// A file with every key and what it does. Those with a default are set to it; the others stand
// behind a '#', with an example: without the '#' the file is as valid.
std::string Example();

// docs/reference/configuration.md: a table for each section.
std::string Reference();

}  // namespace baton::config
