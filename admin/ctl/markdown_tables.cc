// Line by line; what stands in fenced blocks is no table.
#include "admin/ctl/markdown_tables.h"

#include <cstddef>

namespace baton::ctl {
namespace {

// "[text](target)" becomes "text"; backticks go.
std::string Plain(std::string_view cell) {
  std::string text;
  for (std::size_t i = 0; i < cell.size(); ++i) {
    const std::size_t close = cell[i] == '[' ? cell.find("](", i) : cell.npos;
    if (close != cell.npos && cell.find(')', close) != cell.npos) {
      text += Plain(cell.substr(i + 1, close - i - 1));
      i = cell.find(')', close);
    } else if (cell[i] != '`') {
      text += cell[i];
    }
  }
  return text;
}

std::string_view Trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(' ');
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

std::vector<std::string> CellsOf(std::string_view line) {
  std::vector<std::string> cells;
  line.remove_prefix(1);
  for (std::size_t bar = line.find('|'); bar != line.npos; bar = line.find('|')) {
    cells.push_back(Plain(Trimmed(line.substr(0, bar))));
    line.remove_prefix(bar + 1);
  }
  return cells;
}

}  // namespace

std::vector<MarkdownTable> TablesOf(std::string_view document) {
  std::vector<MarkdownTable> tables;
  std::string heading;
  bool is_open = false;    // in a table
  bool is_fenced = false;  // in a block
  while (!document.empty()) {
    const std::size_t end = document.find('\n');
    const std::string_view line = document.substr(0, end);
    document.remove_prefix(end == document.npos ? document.size() : end + 1);
    if (line.starts_with("```")) is_fenced = !is_fenced;
    const bool is_row = !is_fenced && line.starts_with('|');
    if (!is_row) {
      is_open = false;
      if (!is_fenced && line.starts_with('#')) heading = Trimmed(line.substr(line.find(' ') + 1));
    } else if (!is_open) {
      is_open = true;
      tables.push_back({heading, CellsOf(line), {}});
    } else if (!line.starts_with("|--")) {
      tables.back().rows.push_back(CellsOf(line));
      tables.back().rows.back().resize(tables.back().heads.size());
    }
  }
  return tables;
}

}  // namespace baton::ctl
