// A program as its manual describes it, and the manual in two forms.
#pragma once

#include <string>
#include <vector>

#include "server/manual/command_tree.h"

namespace baton::manual {

struct Fact {
  std::string name;
  std::string text;
};

struct Program {
  CommandTree tree;
  int section = 1;  // of the manual: 1 for everybody's commands, 8 for servers
  std::vector<Fact> exit_codes;
  std::vector<Fact> environment;
  std::vector<Fact> files;
  std::vector<std::string> see_also;  // "baton-server(8)"
};

// For man(1).
std::string ManPage(const Program& program);

// The same as Markdown, for docs/reference.
std::string Reference(const Program& program);

// The options of a command but for --help, which all of them have.
std::vector<CommandOption> OwnOptions(const CommandTree& command);

// "batonctl get endpoint [OPTIONS] name", of a command below `path`, which may be empty.
std::string Synopsis(const std::string& path, const CommandTree& command);

// What `PROGRAM manual FORM` prints: FORM is "man" or "markdown"; empty for anything else.
std::string Manual(const Program& program, const std::string& form);

}  // namespace baton::manual
