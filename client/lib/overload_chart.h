// The curves of an overload demonstration as a picture.
#pragma once

#include <string>
#include <string_view>

#include "client/lib/overload_result.h"

namespace baton::client {

// A whole SVG document: goodput as a share of the peak over the load factor (logarithmic), a line
// for each curve with its name at the end, a whisker from the lowest to the highest repeat, and,
// dashed, what an ideal server would do: all that is offered, up to its capacity. Follows the
// reader's light or dark colour scheme. Requires: a curve that has a step.
std::string ToSvg(const OverloadResult& result);

// `text` as character data or an attribute's value of XML; whatever is not visible
// ASCII becomes '?'.
std::string EscapeXml(std::string_view text);

}  // namespace baton::client
