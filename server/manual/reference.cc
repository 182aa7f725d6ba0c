// The reference of a program in Markdown, and what both of its forms share.
#include <cstddef>

#include "server/manual/program.h"

namespace baton::manual {
namespace {

std::string Code(const std::string& text) { return "`" + text + "`"; }

std::string Cell(const std::string& text) {
  std::string cell;
  for (const char letter : text)
    cell += letter == '|' ? std::string("\\|") : std::string(1, letter);
  return cell.empty() ? "–" : cell;
}

void AddTable(const std::vector<Fact>& facts, const std::string& heads, std::string& text) {
  text += "\n| " + heads + " |\n|---|---|\n";
  for (const Fact& fact : facts) text += "| " + Code(fact.name) + " | " + Cell(fact.text) + " |\n";
}

std::string NamesOf(const CommandOption& option) {
  std::string names;
  for (const std::string& name : option.names) names += (names.empty() ? "" : ", ") + Code(name);
  return names;
}

std::string ValueOf(const CommandOption& option) {
  if (option.words.empty()) return option.kind.empty() ? "–" : Code(option.kind);
  std::string listed;
  for (const std::string& word : option.words) listed += (listed.empty() ? "" : ", ") + Code(word);
  return listed;
}

void AddOptions(const CommandTree& command, std::string& text) {
  if (OwnOptions(command).empty()) return;
  text += "\n| option | value | default | effect |\n|---|---|---|---|\n";
  for (const CommandOption& option : OwnOptions(command)) {
    const std::string& value = option.default_value;
    text += "| " + NamesOf(option) + " | " + Cell(ValueOf(option)) + " | " +
            (value.empty() ? "–" : Code(value)) + " | " + Cell(option.help) +
            (option.is_argument && !option.is_required ? "; may be left out" : "") + " |\n";
  }
}

void AddLiteral(const std::string& text, std::string& page) {
  const std::size_t first = text.find_first_not_of('\n');
  if (first == text.npos) return;
  page += "\n```text\n" + text.substr(first, text.find_last_not_of('\n') - first + 1) + "\n```\n";
}

void AddCommands(const std::string& path, const CommandTree& parent, std::string& text) {
  for (const CommandTree& command : parent.commands) {
    const std::string here = path + " " + command.name;
    text +=
        "\n## " + Code(here) + "\n\n" + command.help + ": " + Code(Synopsis(path, command)) + "\n";
    AddOptions(command, text);
    if (command.footer != parent.footer) AddLiteral(command.footer, text);
    AddCommands(here, command, text);
  }
}

}  // namespace

void ReadKind(std::string_view text, CommandOption& option) {
  const std::size_t brace = text.find('{');
  std::string_view kind = text.substr(0, brace);
  if (kind.ends_with(':')) kind.remove_suffix(1);
  option.kind = std::string(kind);
  if (brace == text.npos || !text.ends_with('}')) return;
  for (text = text.substr(brace + 1, text.size() - brace - 2); !text.empty();) {
    const std::size_t comma = text.find(',');
    option.words.emplace_back(text.substr(0, comma));
    text.remove_prefix(comma == text.npos ? text.size() : comma + 1);
  }
}

std::vector<CommandOption> OwnOptions(const CommandTree& command) {
  std::vector<CommandOption> own = command.options;
  std::erase_if(own, [](const CommandOption& one) { return one.names.back() == "--help"; });
  return own;
}

std::string Synopsis(const std::string& path, const CommandTree& command) {
  std::string text = path.empty() ? command.name : path + " " + command.name;
  text += " [OPTIONS]";
  for (const CommandOption& option : command.options) {
    if (!option.is_argument) continue;
    std::string one = option.names.front() + (option.is_repeated ? "..." : "");
    text += option.is_required ? " " + one : " [" + one + "]";
  }
  return command.commands.empty() ? text : text + " COMMAND";
}

std::string Reference(const Program& program) {
  const CommandTree& tree = program.tree;
  std::string text = "# " + Code(tree.name) + "\n\n" + tree.help + " Written by `" + tree.name +
                     " manual markdown`; a test compares it with the program.\n"
                     "Every command takes `--help`, too.\n";
  text += "\n```text\n" + Synopsis("", tree) + "\n```\n";
  AddOptions(tree, text);
  if (!program.exit_codes.empty()) {
    text += "\n## Exit codes\n";
    AddTable(program.exit_codes, "exit code | meaning", text);
  }
  if (!program.environment.empty()) {
    text += "\n## Environment\n";
    AddTable(program.environment, "variable | meaning", text);
  }
  if (!program.files.empty()) {
    text += "\n## Files\n";
    AddTable(program.files, "file | meaning", text);
  }
  AddCommands(tree.name, tree, text);
  if (!tree.footer.empty()) {
    text += "\n## Notes\n";
    AddLiteral(tree.footer, text);
  }
  return text;
}

std::string Manual(const Program& program, const std::string& form) {
  if (form == "man") return ManPage(program);
  return form == "markdown" ? Reference(program) : "";
}

}  // namespace baton::manual
