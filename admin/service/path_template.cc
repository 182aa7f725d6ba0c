// Reading a template, and matching segment by segment.
#include "admin/service/path_template.h"

#include <algorithm>

namespace baton::admin {

bool PathTemplate::AddSegment(std::string_view text) {
  const bool has_rest = !segments_.empty() && segments_.back().kind == Kind::kRest;
  if (text.empty() || has_rest) return false;  // nothing can follow a rest
  if (text == "*") {
    segments_.push_back({Kind::kOne, {}});
  } else if (text == "**") {
    segments_.push_back({Kind::kRest, {}});
  } else if (text.find_first_of("*{}:=") == text.npos) {
    segments_.push_back({Kind::kLiteral, std::string(text)});
  } else {
    return false;
  }
  return true;
}

// "name=endpoints/**", what is between braces.
bool PathTemplate::AddField(std::string_view text) {
  const std::size_t equals = text.find('=');
  std::string_view pattern = equals == text.npos ? "*" : text.substr(equals + 1);
  const std::size_t first = segments_.size();
  for (;;) {
    const std::size_t slash = pattern.find('/');
    if (!AddSegment(pattern.substr(0, slash))) return false;
    if (slash == pattern.npos) break;
    pattern.remove_prefix(slash + 1);
  }
  fields_.push_back({std::string(text.substr(0, equals)), first, segments_.size() - first});
  return !fields_.back().name.empty();
}

bool PathTemplate::AddSegments(std::string_view text) {
  while (!text.empty()) {
    if (text.front() != '/') return false;
    text.remove_prefix(1);
    std::size_t end = 0;
    if (text.starts_with('{')) {
      end = text.find('}');
      if (end == text.npos || !AddField(text.substr(1, end - 1))) return false;
      ++end;
    } else {
      end = std::min(text.find('/'), text.size());
      if (!AddSegment(text.substr(0, end))) return false;
    }
    text.remove_prefix(end);
  }
  return !segments_.empty();
}

Result<PathTemplate> PathTemplate::Parse(std::string_view text) {
  PathTemplate made;
  made.text_ = text;
  std::string_view segments = text;
  const std::size_t colon = text.rfind(':');
  const std::size_t brace = text.rfind('}');
  if (colon != text.npos && (brace == text.npos || colon > brace)) {
    made.word_ = text.substr(colon + 1);
    segments = text.substr(0, colon);
  }
  const bool has_bad_word = colon != text.npos && made.word_.find_first_of("/*{}") != text.npos;
  if (has_bad_word || segments.size() + 1 == text.size() || !made.AddSegments(segments)) {
    return Fail(ErrorCode::kInvalidArgument,
                "'" + std::string(text) + "' is no template of a path such as /v1/{name=pools/*}");
  }
  return made;
}

std::optional<PathFields> PathTemplate::Match(std::string_view path) const {
  if (!word_.empty()) {
    if (!path.ends_with(word_)) return std::nullopt;
    path.remove_suffix(word_.size());
    if (!path.ends_with(':')) return std::nullopt;
    path.remove_suffix(1);
  }
  std::vector<std::string_view> found;  // what each segment stands for
  for (const Segment& segment : segments_) {
    if (!path.starts_with('/')) return std::nullopt;
    path.remove_prefix(1);
    const bool takes_all = segment.kind == Kind::kRest;
    const std::string_view one = path.substr(0, takes_all ? path.size() : path.find('/'));
    if (segment.kind == Kind::kLiteral ? one != segment.literal : one.empty()) return std::nullopt;
    found.push_back(one);
    path.remove_prefix(one.size());
  }
  if (!path.empty()) return std::nullopt;
  PathFields fields;
  for (const Field& field : fields_) {
    const std::string_view first = found[field.first];
    const std::string_view last = found[field.first + field.count - 1];
    fields.emplace_back(field.name, std::string(first.data(), last.data() + last.size()));
  }
  return fields;
}

}  // namespace baton::admin
