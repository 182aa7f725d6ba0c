// What standard output is, and what the environment says of it.
#include "admin/ctl/look.h"

#include <charconv>
#include <cstdlib>
#include <string_view>
#include <sys/ioctl.h>
#include <unistd.h>

namespace baton::ctl {
namespace {

std::string_view Variable(const char* name) {
  const char* const text = std::getenv(name);
  return text == nullptr ? std::string_view() : text;
}

Look::Format FormatOf(const std::string& format) {
  if (format == "wide") return Look::Format::kWide;
  if (format == "json") return Look::Format::kJson;
  if (format == "yaml") return Look::Format::kYaml;
  if (format == "name") return Look::Format::kName;
  return Look::Format::kTable;
}

int WidthOfTerminal() {
  const std::string_view text = Variable("COLUMNS");
  int columns = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), columns);
  if (error == std::errc() && end == text.data() + text.size() && columns > 0) return columns;
  winsize size{};
  return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

bool HasColour(const std::string& color, bool is_terminal) {
  if (color != "auto") return color == "always";
  const std::string_view terminal = Variable("TERM");
  return is_terminal && Variable("NO_COLOR").empty() && !terminal.empty() && terminal != "dumb";
}

}  // namespace

Look LookOf(const std::string& format, const std::string& color) {
  const bool is_terminal = ::isatty(STDOUT_FILENO) == 1;
  Look look;
  look.format = FormatOf(format);
  look.width = is_terminal && look.format == Look::Format::kTable ? WidthOfTerminal() : 0;
  look.has_colour = HasColour(color, is_terminal);
  return look;
}

}  // namespace baton::ctl
