// What an operator wrote, read whole out of a file.
#include "server/yaml/text_file.h"

#include <fstream>
#include <system_error>

namespace baton::yaml {
namespace {

namespace fs = std::filesystem;

tl::unexpected<Error> Bad(const fs::path& file, const std::string& reason) {
  return Fail(ErrorCode::kInvalidArgument, file.string() + ": " + reason);
}

}  // namespace

Result<std::string> ReadTextFile(const fs::path& file) {
  std::error_code error;
  const fs::file_status status = fs::status(file, error);
  if (status.type() == fs::file_type::not_found) {
    return Fail(ErrorCode::kNotFound, file.string() + ": is not there");
  }
  if (status.type() == fs::file_type::none) return Bad(file, "cannot be read: " + error.message());
  if (!fs::is_regular_file(status)) return Bad(file, "is not a file");
  if (fs::file_size(file, error) > kMaxFileBytes && !error) {
    return Bad(file, "is too large, expected at most 1MiB");
  }
  std::ifstream input(file, std::ios::binary);
  std::string text(kMaxFileBytes + 1, '\0');
  input.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!input.is_open() || input.bad()) return Bad(file, "cannot be read");
  text.resize(static_cast<std::size_t>(input.gcount()));
  if (text.size() > kMaxFileBytes) return Bad(file, "is too large, expected at most 1MiB");
  return text;
}

}  // namespace baton::yaml
