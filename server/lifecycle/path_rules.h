// Which files and folders a server is left with, as rules of the kernel's landlock(7). Pure:
// nothing here looks at a disk.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace baton::lifecycle {

// Files, or folders with all that is below them. What is not there does no harm.
struct PathNeeds {
  std::vector<std::filesystem::path> read;
  std::vector<std::filesystem::path> write;    // to read, change, make and remove
  std::vector<std::filesystem::path> sockets;  // folders: for Unix sockets, and folders for them
};

// What the C library, loaded libraries and our own figures read on any system. Of /etc single files
// only. /proc as a whole: the kernel may make the process' own folder there anew, which a rule for
// that folder would not follow; memory and environment of others are kept from us all the same, as
// a process under landlock may trace none that is not.
PathNeeds SystemNeeds();

// Rights of linux/landlock.h, some of which are younger than Debian's header.
inline constexpr std::uint64_t kMayExecute = 1U << 0;
inline constexpr std::uint64_t kMayWriteFile = 1U << 1;
inline constexpr std::uint64_t kMayReadFile = 1U << 2;
inline constexpr std::uint64_t kMayReadFolder = 1U << 3;
inline constexpr std::uint64_t kMayRemoveFolder = 1U << 4;
inline constexpr std::uint64_t kMayRemoveFile = 1U << 5;
inline constexpr std::uint64_t kMayMakeFolder = 1U << 7;
inline constexpr std::uint64_t kMayMakeFile = 1U << 8;
inline constexpr std::uint64_t kMayMakeSocket = 1U << 9;
inline constexpr std::uint64_t kMayRefer = 1U << 13;          // from version 2 on
inline constexpr std::uint64_t kMayTruncate = 1U << 14;       // from version 3 on
inline constexpr std::uint64_t kMayControlDevice = 1U << 15;  // from version 5 on

// Every right that landlock of this version (1 or later) can take away; all of them are.
std::uint64_t RightsOf(int version);
// Of these, the ones that a rule for a file, and not a folder, may give.
std::uint64_t FileRightsOf(int version);

struct PathRule {
  std::filesystem::path path;
  std::uint64_t rights = 0;
};
// One rule a path, in the order of the paths: the sum of what is needed there.
std::vector<PathRule> RulesFor(const PathNeeds& needs, int version);

}  // namespace baton::lifecycle
