// Requests as they come over the wire: good ones with what they say, bad ones with why they are
// refused.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace baton::http {

struct GoodSample {
  std::string_view name;
  std::string bytes;
  std::vector<std::string> requests;  // as AsText writes them
};
const std::vector<GoodSample>& GoodSamples();

// Under the default Limits.
struct RefusedSample {
  std::string_view name;
  std::string bytes;
  int status;
  std::string_view reason;
};
const std::vector<RefusedSample>& RefusedSamples();

// A request with `lines` (each with its CRLF) after its Host.
std::string WithHeaders(std::string_view lines);
// A POST with a chunked body, given raw from its first chunk's size on.
std::string Chunked(std::string_view raw);

}  // namespace baton::http
