// The servers that an operator has names for, kept in a file.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "admin/ctl/target.h"
#include "server/base/result.h"

namespace baton::ctl {

struct Contexts {
  std::string current;                    // the one that holds when none is named; may be empty
  std::map<std::string, Target> servers;  // by name

  std::vector<std::string> Names() const;
};

// $BATON_CONTEXTS, else baton/contexts.yaml in $XDG_CONFIG_HOME or in ~/.config; empty when none of
// these is set.
std::filesystem::path ContextsFile();

// Errors: kInvalidArgument with all that is wrong, a line each, "file:line:column: key: reason".
Result<Contexts> ParseContexts(const std::string& text, std::string_view file_name);
std::string ToYaml(const Contexts& contexts);

// A file that is not there has no contexts. Errors: kInvalidArgument. Blocks on the disk.
Result<Contexts> ReadContexts(const std::filesystem::path& file);

// In one step, so that nobody reads half of it; only its owner may read it. Errors:
// kFailedPrecondition. Blocks on the disk.
Status WriteContexts(const std::filesystem::path& file, const Contexts& contexts);

// Letters, digits, '-', '_' and '.', beginning with a letter or digit; kInvalidArgument if not.
Status CheckContextName(const std::string& name);

// Where to find the admin plane: what `said` says of a server, the context `context`, BATON_ADMIN,
// the current context, the default; the first of these that is there. The default is the first of
// the machine's usual Unix sockets on which a server takes this process, else 127.0.0.1:8081. A
// context brings its keys and its token; others have those of BATONCTL_CA, BATONCTL_CERTIFICATE,
// BATONCTL_KEY and BATONCTL_TOKEN_FILE; what `said` says of them wins. Errors: kInvalidArgument,
// saying where the text came from; kNotFound for a context that is not there.
Result<Target> TargetToAsk(const Target& said, const std::string& context);

}  // namespace baton::ctl
