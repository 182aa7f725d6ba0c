// How a client wants the outputs of an inference to come.
#pragma once

#include <cstddef>
#include <vector>

namespace baton::api {

struct OutputForm {
  bool is_raw = false;      // behind the JSON, not in it
  std::size_t classes = 0;  // as many of the largest elements, as text; none for 0
};

struct OutputForms {
  OutputForm of_all;                 // of those that are not asked for by name
  std::vector<OutputForm> of_named;  // in the order of the names

  const OutputForm& Of(std::size_t index) const {
    return index < of_named.size() ? of_named[index] : of_all;
  }
};

}  // namespace baton::api
