// Looks at the program headers: each names a part of the file.
#include "server/models/plugin/elf_size.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <string>
#include <system_error>
#include <vector>

#include <elf.h>

namespace baton::models {
namespace {

constexpr std::uint16_t kMaxProgramHeaders = 1024;

bool Read(std::ifstream& in, std::uint64_t offset, void* to, std::size_t size) {
  in.seekg(static_cast<std::streamoff>(offset));
  in.read(static_cast<char*>(to), static_cast<std::streamsize>(size));
  return in.good();
}

bool IsLibrary(const Elf64_Ehdr& header) {
  return std::memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 &&
         header.e_ident[EI_CLASS] == ELFCLASS64 && header.e_type == ET_DYN &&
         header.e_phentsize == sizeof(Elf64_Phdr) && header.e_phnum <= kMaxProgramHeaders;
}

bool IsInside(std::uint64_t offset, std::uint64_t part_size, std::uint64_t size) {
  return part_size <= size && offset <= size - part_size;
}

}  // namespace

Status CheckElfSize(const std::filesystem::path& file) {
  std::error_code error;
  const std::uint64_t size = std::filesystem::file_size(file, error);
  std::ifstream in(file, std::ios::binary);
  if (error || !in) return Fail(ErrorCode::kInvalidArgument, "cannot be read");
  Elf64_Ehdr header{};
  if (!Read(in, 0, &header, sizeof(header)) || !IsLibrary(header)) {
    return Fail(ErrorCode::kInvalidArgument, "is no shared library, expected a 64-bit ELF one");
  }
  std::vector<Elf64_Phdr> parts(header.e_phnum);
  const bool has_headers = header.e_phoff <= size && Read(in, header.e_phoff, parts.data(),
                                                          parts.size() * sizeof(Elf64_Phdr));
  const bool has_parts =
      has_headers && std::all_of(parts.begin(), parts.end(), [&](const auto& part) {
        return IsInside(part.p_offset, part.p_filesz, size);
      });
  // The section headers are not needed to run it, but they stand at the end of the file.
  const std::uint64_t sections = std::uint64_t{header.e_shnum} * header.e_shentsize;
  const bool is_whole = has_parts && IsInside(header.e_shoff, sections, size);
  if (is_whole) return {};
  return Fail(ErrorCode::kInvalidArgument,
              "is cut short: its header speaks of parts that are beyond its " +
                  std::to_string(size) + " bytes");
}

}  // namespace baton::models
