// The paths that a method answers to, in the form of google.api.HttpRule.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/base/result.h"

namespace baton::admin {

// Fields of a request and what the path says of them: {"name", "endpoints/tumour"}.
using PathFields = std::vector<std::pair<std::string, std::string>>;

// "/admin/v1/{name=endpoints/**}:resetEstimator": literal segments, "*" for any one that is not
// empty, "**" at the end for all that are left, fields around some of them, and a custom method's
// word behind the last ':'. "{name}" is "{name=*}".
//
// Threads: any; it never changes.
class PathTemplate {
 public:
  // kInvalidArgument for what is none.
  static Result<PathTemplate> Parse(std::string_view text);

  // The fields, where `path`, which is decoded, is one of these paths.
  std::optional<PathFields> Match(std::string_view path) const;

  // Whether a custom method's word ends it. Such a template goes before others that match, too.
  bool HasWord() const { return !word_.empty(); }
  const std::string& text() const { return text_; }

 private:
  enum class Kind : std::uint8_t { kLiteral, kOne, kRest };
  struct Segment {
    Kind kind = Kind::kLiteral;
    std::string literal;
  };
  struct Field {
    std::string name;
    std::size_t first = 0;  // of segments_
    std::size_t count = 0;
  };

  PathTemplate() = default;
  bool AddSegments(std::string_view text);
  bool AddSegment(std::string_view text);
  bool AddField(std::string_view text);

  std::string text_;
  std::vector<Segment> segments_;
  std::vector<Field> fields_;
  std::string word_;
};

}  // namespace baton::admin
