// Options are compared with options, other words with commands.
#include "admin/ctl/command_hints.h"

#include <algorithm>
#include <vector>

#include "admin/ctl/printing.h"

namespace baton::ctl {
namespace {

using manual::CommandTree;

void AddOptions(const CommandTree& command, std::vector<std::string>& names) {
  for (const manual::CommandOption& option : command.options) {
    if (!option.is_argument) names.push_back(option.names.back());
  }
}

}  // namespace

std::string UnknownText(const CommandTree& tree, std::span<const std::string> words,
                        const std::string& unknown) {
  const CommandTree* command = &tree;
  std::string path = tree.name;
  std::vector<std::string> options;
  AddOptions(tree, options);
  for (const std::string& word : words) {
    if (word == unknown) break;
    const auto found = std::find_if(command->commands.begin(), command->commands.end(),
                                    [&](const CommandTree& one) { return one.name == word; });
    if (found == command->commands.end()) continue;
    command = &*found;
    path += " " + word;
    AddOptions(*command, options);
  }
  if (unknown.starts_with('-')) {
    return "unknown option '" + unknown + "' of " + path +
           MeantText(unknown.substr(0, unknown.find('=')), options);
  }
  std::vector<std::string> names;
  for (const CommandTree& one : command->commands) names.push_back(one.name);
  return (names.empty() ? "unknown argument '" : "unknown command '") + unknown + "' of " + path +
         MeantText(unknown, names);
}

}  // namespace baton::ctl
