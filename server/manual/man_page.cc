// A manual page in the macros of man(7).
#include <cctype>

#include "server/manual/program.h"

namespace baton::manual {
namespace {

// When the form of the pages last changed: a date of the build would make each build another one.
constexpr std::string_view kDate = "2026-11-22";

// A line of text as roff takes it: nothing in it is a request.
std::string Escaped(std::string_view text) {
  std::string line;
  if (!text.empty() && (text.front() == '.' || text.front() == '\'')) line = "\\&";
  for (const char letter : text) {
    switch (letter) {
      case '\\': line += "\\e"; break;
      case '-': line += "\\-"; break;
      default: line += letter;
    }
  }
  return line;
}

std::string Bold(std::string_view text) { return "\\fB" + Escaped(text) + "\\fR"; }
std::string Italic(std::string_view text) { return "\\fI" + Escaped(text) + "\\fR"; }

std::string Upper(std::string text) {
  for (char& letter : text) {
    letter = static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
  }
  return text;
}

void AddItem(const std::string& tag, const std::string& text, std::string& page) {
  page += ".TP\n" + tag + "\n" + Escaped(text) + "\n";
}

// Lines as they stand.
void AddLiteral(std::string_view text, std::string& page) {
  const std::size_t first = text.find_first_not_of('\n');
  if (first == text.npos) return;
  text = text.substr(first, text.find_last_not_of('\n') - first + 1);
  page += ".nf\n";
  while (true) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    page += (line.empty() ? "\\&" : Escaped(line)) + "\n";
    if (end == text.npos) break;
    text.remove_prefix(end + 1);
  }
  page += ".fi\n";
}

std::string TagOf(const CommandOption& option) {
  if (option.is_argument) return Italic(option.names.front());
  std::string tag;
  for (const std::string& name : option.names) tag += (tag.empty() ? "" : ", ") + Bold(name);
  return option.kind.empty() ? tag : tag + " " + Italic(option.kind);
}

std::string TextOf(const CommandOption& option) {
  std::string text = option.help;
  if (!option.words.empty()) {
    std::string listed;
    for (const std::string& word : option.words) listed += (listed.empty() ? "" : ", ") + word;
    text += " (" + listed + ")";
  }
  if (!option.default_value.empty()) text += " (default " + option.default_value + ")";
  return text;
}

void AddOptions(const CommandTree& command, std::string& page) {
  for (const CommandOption& option : OwnOptions(command)) {
    AddItem(TagOf(option), TextOf(option), page);
  }
}

void AddCommands(const std::string& path, const CommandTree& parent, std::string& page) {
  for (const CommandTree& command : parent.commands) {
    page += ".SS \"" + Escaped(Synopsis(path, command)) + "\"\n" + Escaped(command.help) + ".\n";
    AddOptions(command, page);
    if (command.footer != parent.footer) {
      page += ".PP\n";
      AddLiteral(command.footer, page);
    }
    AddCommands(path + " " + command.name, command, page);
  }
}

void AddFacts(const std::string& heading, const std::vector<Fact>& facts, std::string& page) {
  if (facts.empty()) return;
  page += ".SH " + heading + "\n";
  for (const Fact& fact : facts) AddItem(Bold(fact.name), fact.text, page);
}

}  // namespace

std::string ManPage(const Program& program) {
  const CommandTree& tree = program.tree;
  std::string page = ".TH " + Upper(tree.name) + " " + std::to_string(program.section) + " \"" +
                     std::string(kDate) + "\" \"Baton " BATON_VERSION "\" \"Baton\"\n";
  page += ".SH NAME\n" + Escaped(tree.name) + " \\- " + Escaped(tree.help) + "\n";
  page += ".SH SYNOPSIS\n" + Bold(tree.name) + " [\\fIOPTIONS\\fR]" +
          (tree.commands.empty() ? "" : " [\\fICOMMAND\\fR ...]") + "\n";
  page += ".SH OPTIONS\n";
  AddItem(Bold("--help"), "Print what is here, of a command too, and exit", page);
  AddOptions(tree, page);
  if (!tree.commands.empty()) page += ".SH COMMANDS\n";
  AddCommands(tree.name, tree, page);
  if (!tree.footer.empty()) {
    page += ".SH NOTES\n";
    AddLiteral(tree.footer, page);
  }
  AddFacts("EXIT STATUS", program.exit_codes, page);
  AddFacts("ENVIRONMENT", program.environment, page);
  AddFacts("FILES", program.files, page);
  if (!program.see_also.empty()) page += ".SH SEE ALSO\n";
  for (std::size_t i = 0; i < program.see_also.size(); ++i) {
    page += Escaped(program.see_also[i]) + (i + 1 < program.see_also.size() ? ",\n" : "\n");
  }
  return page;
}

}  // namespace baton::manual
