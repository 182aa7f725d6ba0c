// Header fields that are lists of elements with weights (RFC 9110, 5.6.1 and 12.4.2).
#pragma once

#include <string_view>

#include "server/http/characters.h"
#include "server/http/message.h"

namespace baton::http {

// Calls on_element(text) for every element of the lists in all fields of the name, until one
// returns false. Requires: no element quotes a comma.
template <typename OnElement>
void ForEachElement(const Request& request, std::string_view name, const OnElement& on_element) {
  for (std::size_t n = 0; auto list = request.Header(name, n); ++n) {
    while (!list->empty()) {
      const std::size_t comma = list->find(',');
      const std::string_view element = Trim(list->substr(0, comma));
      if (!element.empty() && !on_element(element)) return;
      list->remove_prefix(comma == list->npos ? list->size() : comma + 1);
    }
  }
}

// A weight in thousandths; 0 for what is none.
int Thousandths(std::string_view text);

}  // namespace baton::http
