// RLIMIT_CORE and the dumpable attribute.
#include "server/lifecycle/core_dumps.h"

#include <cerrno>
#include <cstring>
#include <string>
#include <sys/prctl.h>
#include <sys/resource.h>

namespace baton::lifecycle {
namespace {

Status Failed(const char* what) {
  return Fail(ErrorCode::kInternal, std::string(what) + ": " + std::strerror(errno));
}

Status SetDumpable(bool is_dumpable) {
  if (prctl(PR_SET_DUMPABLE, is_dumpable ? 1 : 0, 0, 0, 0) == 0) return {};
  return Failed("cannot change whether the process may be dumped");
}

}  // namespace

Status ForbidCoreDumps() {
  // The limit besides: a pattern that pipes dumps to a program ignores a limit of 0 for the size,
  // but not the attribute, and a debugger may set the attribute.
  const rlimit none{0, 0};
  if (setrlimit(RLIMIT_CORE, &none) != 0) return Failed("cannot limit core dumps to 0 bytes");
  return SetDumpable(false);
}

Status AllowCoreDumps() {
  rlimit limit{};
  if (getrlimit(RLIMIT_CORE, &limit) != 0) return Failed("cannot read the limit of core dumps");
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_CORE, &limit) != 0) return Failed("cannot raise the limit of core dumps");
  return SetDumpable(true);
}

}  // namespace baton::lifecycle
