// What an operator wrote, read whole out of a file.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

#include "server/base/result.h"

namespace baton::yaml {

inline constexpr std::size_t kMaxFileBytes = std::size_t{1} << 20;

// Errors: kNotFound when there is no such file; kInvalidArgument for what is no file, cannot be
// read or is larger than kMaxFileBytes, which is then not read. Blocks on the disk.
Result<std::string> ReadTextFile(const std::filesystem::path& file);

}  // namespace baton::yaml
