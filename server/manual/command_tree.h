// What a program can be told on its command line, as plain data: what help, manual pages,
// references and completions are made of.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace baton::manual {

struct CommandOption {
  std::vector<std::string> names;  // "-o", "--output"; of an argument its one name, "settings"
  std::string kind;                // of its value: "HOST:PORT"; empty for a flag
  std::vector<std::string> words;  // that the value can be, where there are but these
  std::string default_value;       // where help states it apart from the text
  std::string help;
  bool is_argument = false;  // stands by itself, without a name
  bool is_required = false;
  bool is_repeated = false;
};

struct CommandTree {
  std::string name;
  std::string help;
  std::string footer;
  std::vector<CommandOption> options;
  std::vector<CommandTree> commands;
};

// Splits what the parser says of a value, "TEXT:{table,json}", into kind and words.
void ReadKind(std::string_view text, CommandOption& option);

// The tree of a parser of CLI11, which this header does without; what is hidden is left out.
template <typename App>
CommandTree TreeOf(const App& app) {
  CommandTree tree{app.get_name(), app.get_description(), app.get_footer(), {}, {}};
  for (const auto* const one : app.get_options()) {
    if (one->get_group().empty()) continue;
    CommandOption option;
    for (const std::string& name : one->get_snames()) option.names.push_back("-" + name);
    for (const std::string& name : one->get_lnames()) option.names.push_back("--" + name);
    option.is_argument = option.names.empty();
    if (option.is_argument) option.names = {one->get_name(true)};
    option.help = one->get_description();
    option.is_required = one->get_required();
    if (one->get_type_size() != 0) {
      ReadKind(one->get_type_name(), option);
      option.default_value = one->get_default_str();
      option.is_repeated = one->get_items_expected_max() > 1;
    }
    tree.options.push_back(std::move(option));
  }
  for (const auto* const one : app.get_subcommands([](const App*) { return true; })) {
    if (!one->get_group().empty()) tree.commands.push_back(TreeOf(*one));
  }
  return tree;
}

}  // namespace baton::manual
