// Values, bounds, and the wording of what is wrong with them.
#include "server/yaml/config_reader.h"

#include <algorithm>
#include <cstddef>
#include <set>

#include "server/base/duration_text.h"
#include "server/base/nearest_word.h"
#include "server/base/percent_text.h"
#include "server/base/size_text.h"
#include "server/base/whole_number.h"

namespace baton::yaml {
namespace {

constexpr std::size_t kMaxLines = 50;
constexpr std::size_t kLongestShown = 64;

std::string Shown(std::string_view text) {
  if (text.size() <= kLongestShown) return std::string(text);
  return std::string(text.substr(0, kLongestShown)) + "...";
}

std::string Got(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::kNothing: return "nothing";
    case YamlNode::Kind::kList: return "a list";
    case YamlNode::Kind::kMap: return "a map";
    case YamlNode::Kind::kText: break;
  }
  return "'" + Shown(node.text) + "'";
}

std::string Listed(std::span<const std::string_view> words) {
  std::string text;
  for (const std::string_view word : words) {
    if (!text.empty()) text += ", ";
    text += word;
  }
  return text;
}

tl::unexpected<Error> OutOfRange(const std::string& least, const std::string& most,
                                 const std::string& text) {
  return Fail(ErrorCode::kInvalidArgument,
              "expected " + least + " to " + most + ", got " + Shown(text));
}

}  // namespace

void ConfigReader::Refuse(FilePlace place, std::string_view key, std::string_view reason) {
  if (++refused_ > kMaxLines) return;
  if (!text_.empty()) text_ += '\n';
  if (refused_ == 1) first_key_ = Shown(key);
  text_ += ToText(file_name_, place);
  if (!key.empty()) text_ += Shown(key) + ": ";
  text_ += reason;
}

void ConfigReader::RefuseUnknown(const ConfigValue& value,
                                 std::span<const std::string_view> known) {
  std::string reason = "unknown key, expected one of " + Listed(known);
  const std::string_view nearest = NearestWord(value.node.key, known);
  if (!nearest.empty()) reason += " (did you mean " + std::string(nearest) + "?)";
  Refuse(value.node.key_place, value.key, reason);
}

std::optional<std::string> ConfigReader::Text(const ConfigValue& value, std::string_view expected) {
  if (value.node.kind == YamlNode::Kind::kText && !value.node.text.empty()) {
    return value.node.text;
  }
  Refuse(value, "expected " + std::string(expected) + ", got " + Got(value.node));
  return std::nullopt;
}

void ConfigReader::EachEntry(const ConfigValue& value, std::string_view expected,
                             const Visit& visit) {
  if (value.node.kind != YamlNode::Kind::kMap) {
    return Refuse(value, "expected " + std::string(expected) + ", got " + Got(value.node));
  }
  std::set<std::string_view> seen;
  for (const YamlNode& item : value.node.items) {
    const ConfigValue entry{item, value.key.empty() ? item.key : value.key + "." + item.key};
    if (seen.insert(item.key).second) {
      visit(entry);
    } else {
      Refuse(item.key_place, entry.key, "given twice, expected once");
    }
  }
}

void ConfigReader::EachItem(const ConfigValue& value, std::string_view expected,
                            const Visit& visit) {
  if (value.node.kind != YamlNode::Kind::kList || value.node.items.empty()) {
    const bool is_empty = value.node.kind == YamlNode::Kind::kList;
    return Refuse(value, "expected " + std::string(expected) + ", got " +
                             (is_empty ? "an empty list" : Got(value.node)));
  }
  std::size_t index = 0;
  for (const YamlNode& item : value.node.items) {
    visit(ConfigValue{item, value.key + "[" + std::to_string(index++) + "]"});
  }
}

Status ConfigReader::status() const {
  if (refused_ == 0) return {};
  std::string text = text_;
  if (refused_ > kMaxLines) {
    text += "\n" + file_name_ + ": and " + std::to_string(refused_ - kMaxLines) + " more";
  }
  return Fail(ErrorCode::kInvalidArgument, std::move(text), first_key_);
}

Result<Duration> ReadDuration(const std::string& text, Duration least, Duration most) {
  Result<Duration> duration = ParseDuration(text);
  if (!duration || (*duration >= least && *duration <= most)) return duration;
  return OutOfRange(FormatDuration(least), FormatDuration(most), text);
}

Result<std::uint64_t> ReadSize(const std::string& text, std::uint64_t least, std::uint64_t most) {
  Result<std::uint64_t> size = ParseSize(text);
  if (!size || (*size >= least && *size <= most)) return size;
  return OutOfRange(FormatSize(least), FormatSize(most), text);
}

Result<std::uint64_t> ReadWhole(const std::string& text, std::uint64_t least, std::uint64_t most) {
  const auto number = ParseWholeNumber<std::uint64_t>(text);
  if (number && *number >= least && *number <= most) return *number;
  return Fail(ErrorCode::kInvalidArgument, "expected a whole number from " + std::to_string(least) +
                                               " to " + std::to_string(most) + ", got '" +
                                               Shown(text) + "'");
}

Result<double> ReadPercent(const std::string& text, double least, double most) {
  const Result<double> share = ParsePercent(text);
  if (share && *share >= least && *share <= most) return share;
  return Fail(ErrorCode::kInvalidArgument, "expected a percentage from " + FormatPercent(least) +
                                               " to " + FormatPercent(most) + ", got '" +
                                               Shown(text) + "'");
}

Result<std::string> ReadWord(const std::string& text, std::span<const std::string_view> words) {
  if (std::find(words.begin(), words.end(), text) != words.end()) return text;
  std::string reason = "expected one of " + Listed(words) + ", got '" + Shown(text) + "'";
  const std::string_view nearest = NearestWord(text, words);
  if (!nearest.empty()) reason += " (did you mean " + std::string(nearest) + "?)";
  return Fail(ErrorCode::kInvalidArgument, std::move(reason));
}

}  // namespace baton::yaml
