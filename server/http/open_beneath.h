// Opening of regular files that lie beneath a folder, whatever their paths and symlinks say.
#pragma once

#include <string>
#include <sys/stat.h>

#include "server/base/fd.h"

namespace baton::http {

// The descriptor of a folder that is good for OpenBeneath and for nothing else. Not valid, with
// errno set, when `path` names no folder.
UniqueFd OpenRoot(const char* path);

// Opens the regular file `path` (relative to `root`) for reading and fills `facts`. Nothing outside
// of `root` is reached: the kernel refuses every step that leaves it, so a symlink counts as long
// as it is relative and stays inside, `..` in it too; absolute ones do not, wherever they lead.
// What is no regular file is not opened at all, not even a FIFO or a device; it is ENOENT. Returns
// errno, 0 for success. Needs Linux 5.6: ENOSYS before.
//
// Threads: any. Blocks on the disk.
int OpenBeneath(const UniqueFd& root, const std::string& path, UniqueFd& fd, struct stat& facts);

}  // namespace baton::http
