// How long a shared library must be, by its own header.
#pragma once

#include <filesystem>

#include "server/base/result.h"

namespace baton::models {

// The loader maps a library without asking how long the file is, and the process dies of what is
// not there. Errors: kInvalidArgument for a file that is no ELF library, or shorter than it says.
Status CheckElfSize(const std::filesystem::path& file);

}  // namespace baton::models
