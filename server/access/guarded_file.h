// Files that hold secrets, or hashes of them: what their owner alone may read.
#pragma once

#include <cstdint>
#include <string>
#include <sys/types.h>

#include "server/base/result.h"

namespace baton::access {

// What tells one state of a file from another. Of no file: all 0.
struct FileStamp {
  dev_t device = 0;
  ino_t inode = 0;
  off_t size = 0;
  std::int64_t changed_ns = 0;  // of its bytes or of who may read them

  bool operator==(const FileStamp&) const = default;
};

FileStamp LookAtFile(const std::string& path);

struct GuardedText {
  std::string text;
  FileStamp stamp;
};

// All of the file. kNotFound when it is not there; kInvalidArgument when it is no file, cannot be
// read, may be read or written by others than its owner, is larger than 1 MiB, which is then not
// read, or changes meanwhile. Blocks on the disk.
Result<GuardedText> ReadGuardedFile(const std::string& path);

}  // namespace baton::access
