// The media type of a file, by its name.
#pragma once

#include <string_view>

namespace baton::http {

// By the extension behind the last '.', in any case; application/octet-stream for those that are
// not known, and for names without one. Text is said to be UTF-8. A literal.
std::string_view ContentTypeOf(std::string_view file_name);

}  // namespace baton::http
