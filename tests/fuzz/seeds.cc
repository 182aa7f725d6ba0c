// Writes the samples of tests/http as inputs for fuzzers: fuzz_seeds FOLDER.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "tests/http/samples.h"

namespace {

// Longer ones show nothing to a fuzzer, and slow it down.
constexpr std::size_t kLongest = 2048;

bool Write(const std::filesystem::path& folder, std::string_view name, const std::string& bytes) {
  if (bytes.size() > kLongest) return true;
  std::string file(name);
  for (char& c : file) {
    if (c == '/') c = '-';
  }
  std::ofstream out(folder / file, std::ios::binary);
  out << bytes;
  return out.good();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: fuzz_seeds FOLDER\n");
    return 2;
  }
  const std::filesystem::path folder = argv[1];
  bool is_good = true;
  for (const auto& sample : baton::http::GoodSamples()) {
    is_good = Write(folder, sample.name, sample.bytes) && is_good;
  }
  for (const auto& sample : baton::http::RefusedSamples()) {
    is_good = Write(folder, sample.name, sample.bytes) && is_good;
  }
  if (!is_good) std::fprintf(stderr, "%s: cannot be written to\n", argv[1]);
  return is_good ? 0 : 1;
}
