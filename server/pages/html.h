// Text into HTML.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace baton::pages {

// `text` as HTML, for between tags and between quotes: whatever it holds is shown, and nothing of
// it runs. Control characters, and bytes that are no UTF-8, become U+FFFD.
std::string EscapeHtml(std::string_view text);

// `page` with each {{name}} replaced by its value, which is HTML. Requires: every name is there.
std::string FillTemplate(std::string_view page,
                         std::initializer_list<std::pair<std::string_view, std::string>> values);

}  // namespace baton::pages
