// Three system calls that the C library has no functions for.
#include "server/lifecycle/landlock.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <linux/landlock.h>
#include <string>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <dirent.h>

#include "server/base/fd.h"

namespace baton::lifecycle {
namespace {

// landlock_ruleset_attr as of version 6; older headers have its beginning only, and older kernels
// are handed as much as they know.
struct RulesetAttributes {
  std::uint64_t handled_access_fs = 0;
  std::uint64_t handled_access_net = 0;  // from version 4 on
  std::uint64_t scoped = 0;              // from version 6 on
};
constexpr std::uint64_t kScopeAbstractSockets = 1U << 0;
constexpr std::uint64_t kScopeSignals = 1U << 1;

std::size_t SizeFor(int version) {
  if (version >= 6) return sizeof(RulesetAttributes);
  return version >= 4 ? 2 * sizeof(std::uint64_t) : sizeof(std::uint64_t);
}

Error Failed(const std::string& what) {
  return {ErrorCode::kInternal, what + ": " + std::strerror(errno), {}};
}

bool HasOneThread() {
  DIR* const folder = opendir("/proc/self/task");
  if (folder == nullptr) return false;
  int entries = 0;
  while (readdir(folder) != nullptr) ++entries;
  closedir(folder);
  return entries == 3;  // ".", ".." and this one
}

Status AddRule(int ruleset, const PathRule& rule, int version) {
  const UniqueFd place(::open(rule.path.c_str(), O_PATH | O_CLOEXEC));
  if (!place.valid()) return {};  // not there, or out of reach even now
  struct stat status {};
  if (fstat(place.get(), &status) != 0) return tl::unexpected<Error>(Failed(rule.path.string()));
  landlock_path_beneath_attr beneath{};
  beneath.parent_fd = place.get();
  beneath.allowed_access =
      S_ISDIR(status.st_mode) ? rule.rights : rule.rights & FileRightsOf(version);
  if (beneath.allowed_access == 0) return {};
  if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) == 0) {
    return {};
  }
  if (errno == EBADFD) return {};  // in no file system, as a pipe is: not restricted
  return tl::unexpected<Error>(Failed("landlock refuses a rule for " + rule.path.string()));
}

}  // namespace

Result<int> LandlockVersion() {
  const auto version = static_cast<int>(
      syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION));
  if (version >= 1) return version;
  return Fail(ErrorCode::kUnsupported,
              errno == EOPNOTSUPP
                  ? "landlock is turned off in this kernel"
                  : std::string("this kernel has no landlock: ") + std::strerror(errno));
}

Status RestrictPaths(const PathNeeds& needs) {
  const Result<int> version = LandlockVersion();
  if (!version) return tl::unexpected<Error>(version.error());
  if (!HasOneThread()) {
    return Fail(ErrorCode::kFailedPrecondition,
                "landlock holds for threads that are started later, and there are some already");
  }
  RulesetAttributes attributes;
  attributes.handled_access_fs = RightsOf(*version);
  attributes.scoped = kScopeAbstractSockets | kScopeSignals;
  const UniqueFd ruleset(
      static_cast<int>(syscall(SYS_landlock_create_ruleset, &attributes, SizeFor(*version), 0)));
  if (!ruleset.valid()) return tl::unexpected<Error>(Failed("landlock refuses its rules"));
  for (const PathRule& rule : RulesFor(needs, *version)) {
    if (Status added = AddRule(ruleset.get(), rule, *version); !added) return added;
  }
  if (syscall(SYS_landlock_restrict_self, ruleset.get(), 0) == 0) return {};
  return tl::unexpected<Error>(Failed("landlock cannot be entered"));
}

}  // namespace baton::lifecycle
