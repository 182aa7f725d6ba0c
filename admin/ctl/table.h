// Text in columns, as wide as the terminal bears.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "admin/ctl/look.h"

namespace baton::ctl {

using Row = std::vector<std::string>;

// A line for each row, the first of which are the heads. Columns are as wide as their widest cell,
// two spaces between them. Where that is more than look.width, the widest columns are cut, with an
// ellipsis in what lost its end; the first column is the last to lose anything. Where four letters
// of each are too much the last columns are left out.
// Control characters are shown as spaces, here and below.
std::string Columns(const std::vector<Row>& raw, const Look& look);

// "name  value" for each row of two; a value that is too long for the terminal goes on below.
std::string Fields(const std::vector<Row>& raw, const Look& look);

// How many columns of a terminal a text takes, at one for each character.
int WidthOf(std::string_view text);

// The text in at most `width` columns, with an ellipsis at its end when it was longer.
std::string CutTo(const std::string& text, int width);

}  // namespace baton::ctl
