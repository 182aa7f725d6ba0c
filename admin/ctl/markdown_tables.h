// The tables of a Markdown document.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace baton::ctl {

struct MarkdownTable {
  std::string heading;                         // of the section that it stands in
  std::vector<std::string> heads;              // its first row
  std::vector<std::vector<std::string>> rows;  // the others, each with as many cells
};

// Cells as they are read: without backticks, and of links their text only.
std::vector<MarkdownTable> TablesOf(std::string_view document);

}  // namespace baton::ctl
