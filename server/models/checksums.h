// Whether the files of a version are those that its SHA256SUMS says.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "server/base/result.h"

namespace baton::models {

inline constexpr std::string_view kChecksumsFile = "SHA256SUMS";

// Holds every file that SHA256SUMS in `version_folder` lists, in the format of sha256sum, against
// its sum; fine without such a file. Reads the files whole; not for a conductor.
// Errors: kInvalidArgument, with a line for each file that is not there, cannot be read or differs,
// and for each line that is no sum or names a file outside of the folder.
Status VerifyChecksums(const std::filesystem::path& version_folder);

// The SHA-256 sum of a text, in 64 hexadecimal digits.
std::string Sha256Of(std::string_view text);

}  // namespace baton::models
