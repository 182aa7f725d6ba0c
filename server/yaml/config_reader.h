// Reads values out of a YAML tree and gathers what is wrong, each with file, line, column and key.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/base/clock.h"
#include "server/base/result.h"
#include "server/yaml/yaml_tree.h"

namespace baton::yaml {

// A node and the path of the keys that lead to it: "canary.share", "steps[1].model".
struct ConfigValue {
  const YamlNode& node;
  std::string key;
};

class ConfigReader {
 public:
  explicit ConfigReader(std::string file_name) : file_name_(std::move(file_name)) {}

  // Takes a line down: "file:line:column: key: reason".
  void Refuse(FilePlace place, std::string_view key, std::string_view reason);
  void Refuse(const ConfigValue& value, std::string_view reason) {
    Refuse(value.node.place, value.key, reason);
  }
  // Refuses a key that is none of `known`, and says which was probably meant.
  void RefuseUnknown(const ConfigValue& value, std::span<const std::string_view> known);

  // The text of a value; refused when it is a list, a map, nothing or empty. `expected` says what
  // belongs here: "a duration such as 50ms".
  std::optional<std::string> Text(const ConfigValue& value, std::string_view expected);

  // The same, as `parse` reads it; what it does not is refused with its error.
  template <typename T, typename Parse>
  void Read(const ConfigValue& value, std::string_view expected, const Parse& parse, T& target) {
    const std::optional<std::string> text = Text(value, expected);
    if (!text) return;
    if (auto read = parse(*text)) {
      target = *std::move(read);
    } else {
      Refuse(value, read.error().message);
    }
  }

  using Visit = std::function<void(const ConfigValue& value)>;
  // Calls `visit` for each entry, with the key appended to the path; refuses what is no map, and
  // keys that come again.
  void EachEntry(const ConfigValue& value, std::string_view expected, const Visit& visit);
  // Calls `visit` for each item; refuses what is no list, and an empty one.
  void EachItem(const ConfigValue& value, std::string_view expected, const Visit& visit);

  // kInvalidArgument with every line, at most 50, when something was refused; field is the first
  // key.
  Status status() const;

 private:
  const std::string file_name_;
  std::string text_;
  std::string first_key_;
  std::size_t refused_ = 0;
};

// An entry that a map may have, and who reads it into a T.
template <typename T>
struct ConfigField {
  std::string_view name;
  void (*read)(ConfigReader& reader, const ConfigValue& value, T& target);
};

// Reads the entries of a map as `fields` say and refuses the others. Returns the names that were
// given.
template <typename T, std::size_t N>
std::set<std::string_view> ReadFields(ConfigReader& reader, const ConfigValue& value,
                                      const std::array<ConfigField<T>, N>& fields, T& target) {
  std::array<std::string_view, N> names;
  std::transform(fields.begin(), fields.end(), names.begin(),
                 [](const ConfigField<T>& field) { return field.name; });
  std::set<std::string_view> given;
  reader.EachEntry(value, "a map", [&](const ConfigValue& entry) {
    const auto found = std::find(names.begin(), names.end(), entry.node.key);
    if (found == names.end()) return reader.RefuseUnknown(entry, names);
    given.insert(*found);
    fields[static_cast<std::size_t>(found - names.begin())].read(reader, entry, target);
  });
  return given;
}

// What operators write, within bounds. kInvalidArgument says what is allowed and what came.
Result<Duration> ReadDuration(const std::string& text, Duration least, Duration most);
Result<std::uint64_t> ReadSize(const std::string& text, std::uint64_t least, std::uint64_t most);
Result<std::uint64_t> ReadWhole(const std::string& text, std::uint64_t least, std::uint64_t most);
// "2.5%" as 0.025, which is how the bounds are given, too.
Result<double> ReadPercent(const std::string& text, double least = 0, double most = 1);
Result<std::string> ReadWord(const std::string& text, std::span<const std::string_view> words);

}  // namespace baton::yaml
