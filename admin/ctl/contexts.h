// The servers that an operator has names for, kept in a file.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/result.h"

namespace baton::ctl {

struct Contexts {
  std::string current;  // the one that holds when none is named; may be empty
  std::map<std::string, std::string> servers;  // by name: HOST:PORT or unix:PATH

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

// Where to find the admin plane: what `server` says, the context `context`, BATON_ADMIN, the
// current context, the default; the first of these that is there. Errors: kInvalidArgument, saying
// where the text came from; kNotFound for a context that is not there.
Result<std::string> ServerToAsk(const std::string& server, const std::string& context);

}  // namespace baton::ctl
