// A temporary folder for tests that write files.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

#include <gtest/gtest.h>

namespace baton::models {

class FolderTest : public ::testing::Test {
 protected:
  FolderTest() {
    std::string pattern = ::testing::TempDir() + "baton_models_XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
    root_ = pattern;
  }
  ~FolderTest() override {
    std::error_code error;
    std::filesystem::remove_all(root_, error);
  }

  const std::filesystem::path& root() const { return root_; }

  // Writes root/<where>, and the folders that lead there.
  void Write(const std::string& where, std::string_view text) const {
    std::filesystem::create_directories((root_ / where).parent_path());
    std::ofstream(root_ / where, std::ios::binary) << text;
  }

 private:
  std::filesystem::path root_;
};

}  // namespace baton::models
