// Completion of command lines: the program itself answers what may come next, the shells ask it.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "server/manual/command_tree.h"

namespace baton::ctl {

struct Candidate {
  std::string text;
  std::string help;  // may be empty
};

// What has been typed that says which server to ask.
struct TypedTarget {
  std::string server;
  std::string context;
};
// The values of a kind that a command takes, such as "ENDPOINT" of "set endpoint".
using ValuesOf = std::function<std::vector<std::string>(
    const std::string& kind, const std::string& command, const TypedTarget& target)>;

// What the last of `words` may become, of a command line without its first word. Commands, options,
// or values, which `values` knows where the tree does not say all of them. A candidate that ends
// with '=' goes on.
std::vector<Candidate> Complete(const manual::CommandTree& tree, std::span<const std::string> words,
                                const ValuesOf& values);

// For "bash", "zsh" or "fish"; empty for any other.
std::string CompletionScript(const std::string& shell);

}  // namespace baton::ctl
