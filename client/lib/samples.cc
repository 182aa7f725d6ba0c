// Look-up among the embedded sample requests.
#include "client/lib/samples.h"

namespace baton::client {

std::optional<std::string_view> FindSample(std::string_view model) {
  for (const Sample& sample : AllSamples()) {
    if (sample.model == model) return sample.json;
  }
  return std::nullopt;
}

}  // namespace baton::client
