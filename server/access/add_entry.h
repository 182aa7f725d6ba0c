// Putting an entry into a file of hashed tokens.
#pragma once

#include <string>

#include "server/access/secrets.h"
#include "server/base/result.h"

namespace baton::access {

// Behind the others in `path`, which is made where it is not there, for its owner alone. It is
// replaced whole, and keeps its owner; a link stays one. Errors: what is wrong with the file, or
// would be with this entry; then it is as before. Blocks while others add to files in its folder,
// 10 s at most.
Status AddEntry(const std::string& path, SecretKind kind, const SecretEntry& entry);

}  // namespace baton::access
