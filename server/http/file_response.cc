// Preconditions first, then the range, as RFC 9110, 13.2.2 has it.
#include "server/http/file_response.h"

#include <algorithm>

#include "server/http/byte_range.h"
#include "server/http/conditional.h"
#include "server/http/content_type.h"
#include "server/http/error_response.h"
#include "server/http/response_writer.h"

namespace baton::http {
namespace {

void AppendHex(std::string& out, std::uint64_t number) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  int shift = 60;
  while (shift > 0 && number >> shift == 0) shift -= 4;
  for (; shift >= 0; shift -= 4) out += kDigits[number >> shift & 0xF];
}

// Every bit of the input in every bit of the output (the finisher of SplitMix64).
std::uint64_t Mix(std::uint64_t number) {
  number = (number ^ number >> 30) * 0xBF58476D1CE4E5B9;
  number = (number ^ number >> 27) * 0x94D049BB133111EB;
  return number ^ number >> 31;
}

// One that is malformed as a list of lines is passed over, as other malformed ones are.
ByteRange RangeOf(const Request& request, const FoundFile& found, const Validators& validators,
                  std::time_t now) {
  const auto range = request.Header("Range");
  const bool counts = range && !request.Header("Range", 1) && request.method == Method::kGet &&
                      RangeCounts(request, validators, now);
  return ChooseRange(counts ? *range : "", found.size);
}

std::string ContentRange(const ByteRange& range, std::uint64_t size) {
  std::string text = "bytes ";
  if (range.kind == ByteRange::Kind::kUnsatisfiable) {
    text += '*';
  } else {
    text.append(std::to_string(range.first)).append("-");
    text += std::to_string(range.first + range.size - 1);
  }
  return text.append("/").append(std::to_string(size));
}

Response WithoutFile(Precondition precondition) {
  if (precondition == Precondition::kFailed) {
    return ErrorResponse(412, "the file is not the one that If-Match or If-Unmodified-Since names");
  }
  Response response;
  response.status = 304;
  return response;
}

Response WithFile(const FoundFile& found, std::string_view name, const ByteRange& range) {
  Response response;
  if (range.kind == ByteRange::Kind::kUnsatisfiable) {
    response =
        ErrorResponse(416, "the range begins behind the end of the file, which has " +
                               std::to_string(found.size) + (found.size == 1 ? " byte" : " bytes"));
  } else {
    response.content_type = ContentTypeOf(name);
    response.file = FileBody{found.file, range.first, range.size};
    AppendHeader(response.headers, "X-Content-Type-Options", "nosniff");
  }
  if (range.kind != ByteRange::Kind::kWhole) {
    response.status = range.kind == ByteRange::Kind::kPart ? 206 : 416;
    AppendHeader(response.headers, "Content-Range", ContentRange(range, found.size));
  }
  AppendHeader(response.headers, "Accept-Ranges", "bytes");
  return response;
}

}  // namespace

std::string EntityTag(const FoundFile& found) {
  const auto changed = static_cast<std::uint64_t>(found.modified.tv_sec) * 1'000'000'000 +
                       static_cast<std::uint64_t>(found.modified.tv_nsec);
  std::string tag = "\"";
  AppendHex(tag, found.size);
  tag += '-';
  AppendHex(tag, Mix(Mix(found.inode) + changed));
  tag += '"';
  return tag;
}

Response MakeFileResponse(const Request& request, const FoundFile& found, std::string_view name,
                          std::time_t now) {
  const std::string etag = EntityTag(found);
  // No later than Date (RFC 9110, 8.8.2.1).
  const Validators validators{etag, std::min(found.modified.tv_sec, now)};
  const Precondition precondition = CheckPreconditions(request, validators, now);
  Response response = precondition == Precondition::kHolds
                          ? WithFile(found, name, RangeOf(request, found, validators, now))
                          : WithoutFile(precondition);
  AppendHeader(response.headers, "ETag", etag);
  AppendHeader(response.headers, "Last-Modified", DateCache().At(validators.last_modified));
  return response;
}

}  // namespace baton::http
