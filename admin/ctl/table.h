// Text in columns.
#pragma once

#include <string>
#include <vector>

namespace baton::ctl {

using Row = std::vector<std::string>;

// Columns as wide as their widest cell, two spaces between them; a line for each row.
std::string Aligned(const std::vector<Row>& rows);

}  // namespace baton::ctl
