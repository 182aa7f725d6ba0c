// How results are to look: the form that was asked for, and what the terminal bears.
#pragma once

#include <string>

#include "server/base/result.h"

namespace baton::ctl {

struct Look {
  enum class Format { kTable, kWide, kJson, kYaml, kName };
  Format format = Format::kTable;
  int width = 0;            // columns of the terminal; 0: not a terminal, nothing is cut
  bool has_colour = false;  // states are coloured

  bool IsTable() const { return format == Format::kTable || format == Format::kWide; }
};

// `format` is "table", "wide", "json", "yaml" or "name"; `color` is "auto", "always" or "never".
// With auto there is colour on a terminal that knows it, unless NO_COLOR is set. The width is that
// of COLUMNS, or the terminal's own.
Look LookOf(const std::string& format, const std::string& color);

}  // namespace baton::ctl
