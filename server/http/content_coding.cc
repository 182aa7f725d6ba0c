// Reading of Content-Encoding and Accept-Encoding.
#include "server/http/content_coding.h"

#include <optional>
#include <string>

#include "server/http/characters.h"
#include "server/http/field_list.h"

namespace baton::http {
namespace {

constexpr std::size_t kLongestQuote = 64;

bool IsGzip(std::string_view coding) {
  return EqualsIgnoreCase(coding, "gzip") || EqualsIgnoreCase(coding, "x-gzip");
}

struct Weighted {
  std::string_view coding;
  int weight = 1000;
};

// "gzip;q=0.5"
Weighted ReadWeighted(std::string_view element) {
  const std::size_t semicolon = element.find(';');
  Weighted read{Trim(element.substr(0, semicolon))};
  if (semicolon == element.npos) return read;
  const std::string_view parameter = Trim(element.substr(semicolon + 1));
  const bool is_weight =
      parameter.size() > 2 && ToLowerAscii(parameter[0]) == 'q' && parameter[1] == '=';
  read.weight = is_weight ? Thousandths(parameter.substr(2)) : 0;
  return read;
}

Error Unsupported(std::string_view said) {
  std::string quoted(said.substr(0, kLongestQuote));
  if (said.size() > kLongestQuote) quoted += "...";
  return {ErrorCode::kUnsupported,
          "Content-Encoding has '" + quoted + "', expected none, or gzip once",
          {}};
}

}  // namespace

Result<bool> IsGzipBody(const Request& request) {
  bool is_gzip = false;
  std::optional<Error> fault;
  ForEachElement(request, "Content-Encoding", [&](std::string_view coding) {
    if (EqualsIgnoreCase(coding, "identity")) return true;
    if (!IsGzip(coding) || is_gzip) fault = Unsupported(coding);
    is_gzip = true;
    return !fault;
  });
  if (fault) return tl::unexpected<Error>(std::move(*fault));
  return is_gzip;
}

bool TakesGzip(const Request& request) {
  std::optional<int> gzip;
  std::optional<int> any;
  int identity = 0;
  ForEachElement(request, "Accept-Encoding", [&](std::string_view element) {
    const Weighted read = ReadWeighted(element);
    if (IsGzip(read.coding)) gzip = read.weight;
    if (read.coding == "*") any = read.weight;
    if (EqualsIgnoreCase(read.coding, "identity")) identity = read.weight;
    return true;
  });
  const int weight = gzip.value_or(any.value_or(0));
  return weight > 0 && weight >= identity;
}

}  // namespace baton::http
