// SHA-256 by OpenSSL's digests.
#include "server/models/checksums.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include <openssl/evp.h>

#include "server/base/check.h"

namespace baton::models {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kHexDigits = 64;
constexpr std::uintmax_t kMaxListBytes = std::uintmax_t{1} << 20;
constexpr std::size_t kChunkBytes = std::size_t{64} << 10;

struct Line {
  std::string sum;  // in lower case
  std::string name;
};

std::string InLowerCase(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

bool StaysInside(const fs::path& path) {
  return !path.empty() && !path.is_absolute() &&
         std::find(path.begin(), path.end(), "..") == path.end();
}

// 64 hexadecimal digits, a blank, a blank or an asterisk, the name.
std::optional<Line> ReadLine(const std::string& text) {
  if (text.size() < kHexDigits + 3 || text[kHexDigits] != ' ') return std::nullopt;
  const char kind = text[kHexDigits + 1];
  Line line{InLowerCase(text.substr(0, kHexDigits)), text.substr(kHexDigits + 2)};
  const bool is_sum = line.sum.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (!is_sum || (kind != ' ' && kind != '*') || !StaysInside(line.name)) return std::nullopt;
  return line;
}

std::string InHex(const unsigned char* bytes, std::size_t count) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < count; ++i) {
    text += kDigits[bytes[i] >> 4];
    text += kDigits[bytes[i] & 0xF];
  }
  return text;
}

// None for what cannot be read.
std::optional<std::string> SumOf(const fs::path& file) {
  std::error_code error;
  if (!fs::is_regular_file(file, error)) return std::nullopt;
  std::ifstream input(file, std::ios::binary);
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> digest(EVP_MD_CTX_new(),
                                                                       EVP_MD_CTX_free);
  bool is_right = digest && EVP_DigestInit_ex(digest.get(), EVP_sha256(), nullptr) == 1;
  std::vector<char> chunk(kChunkBytes);
  while (is_right && input) {
    input.read(chunk.data(), static_cast<std::streamsize>(chunk.size()));
    const auto bytes = static_cast<std::size_t>(input.gcount());
    is_right = EVP_DigestUpdate(digest.get(), chunk.data(), bytes) == 1;
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> sum{};
  unsigned size = 0;
  is_right = is_right && input.eof() && EVP_DigestFinal_ex(digest.get(), sum.data(), &size) == 1;
  if (!is_right) return std::nullopt;
  return InHex(sum.data(), size);
}

// What is wrong with a line of the list; empty when nothing is.
std::string Check(const fs::path& folder, const std::string& text, std::size_t number) {
  const std::optional<Line> line = ReadLine(text);
  if (!line) {
    return (folder / kChecksumsFile).string() + ":" + std::to_string(number) +
           ": expected a sum of 64 hexadecimal digits, two blanks and a file of the folder";
  }
  const fs::path file = folder / fs::path(line->name).lexically_normal();
  const std::optional<std::string> sum = SumOf(file);
  if (!sum) return file.string() + ": is in SHA256SUMS and cannot be read";
  if (*sum == line->sum) return {};
  return file.string() + ": has the SHA-256 sum " + *sum + ", and SHA256SUMS says " + line->sum;
}

}  // namespace

std::string Sha256Of(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> sum{};
  unsigned size = 0;
  const int done = EVP_Digest(text.data(), text.size(), sum.data(), &size, EVP_sha256(), nullptr);
  BATON_CHECK(done == 1);
  return InHex(sum.data(), size);
}

Status VerifyChecksums(const fs::path& version_folder) {
  const fs::path list = version_folder / kChecksumsFile;
  std::error_code error;
  if (fs::status(list, error).type() == fs::file_type::not_found) return {};
  // Before it is opened: a pipe would wait for somebody to write.
  const bool is_file = fs::is_regular_file(list, error);
  const std::uintmax_t size = is_file ? fs::file_size(list, error) : 0;
  std::ifstream input;
  if (is_file) input.open(list, std::ios::binary);
  if (error || !is_file || !input || size > kMaxListBytes) {
    return Fail(ErrorCode::kInvalidArgument,
                list.string() + ": cannot be read, expected a file of at most 1MiB");
  }
  std::string problems;
  std::string text;
  std::size_t number = 0;
  while (std::getline(input, text)) {
    const std::string problem = Check(version_folder, text, ++number);
    if (!problem.empty()) problems += (problems.empty() ? "" : "\n") + problem;
  }
  if (number == 0) problems = list.string() + ": lists no file";
  if (problems.empty()) return {};
  return Fail(ErrorCode::kInvalidArgument, std::move(problems));
}

}  // namespace baton::models
