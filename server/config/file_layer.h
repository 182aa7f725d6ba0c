// A configuration file: YAML, read as the schema says, whole or not at all.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "server/base/result.h"
#include "server/config/configuration.h"

namespace baton::config {

// Errors: kInvalidArgument with everything that is wrong, a line each:
// "file:line:column: key: what is wrong, what is allowed". An empty text says nothing.
Result<Configuration> ReadText(const std::string& text, std::string_view file_name);

// The same out of a file of at most 1 MiB. Errors: kNotFound besides. Blocks on the disk.
Result<Configuration> ReadFile(const std::filesystem::path& file);

}  // namespace baton::config
