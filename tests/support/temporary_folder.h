// A folder of a test's own, and files in it.
#pragma once

#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <unistd.h>

#include "server/base/check.h"
#include "server/base/fd.h"

namespace baton::testing_support {

// Owns: the folder, which goes with it and all that is in it.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string path = std::filesystem::temp_directory_path() / "baton-test-XXXXXX";
    BATON_CHECK(mkdtemp(path.data()) != nullptr);
    path_ = path;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

  // Makes the file `name`, and the folders above it, or gives it other bytes.
  void Write(const std::string& name, std::string_view bytes) const {
    const std::filesystem::path file = path_ / name;
    std::filesystem::create_directories(file.parent_path());
    const UniqueFd fd(open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    BATON_CHECK(write(fd.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  }
  std::shared_ptr<const UniqueFd> Open(const std::string& name) const {
    auto fd = std::make_shared<const UniqueFd>(open((path_ / name).c_str(), O_RDONLY | O_CLOEXEC));
    BATON_CHECK(fd->valid());
    return fd;
  }

 private:
  std::filesystem::path path_;
};

}  // namespace baton::testing_support
