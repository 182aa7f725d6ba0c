// A YAML document as a tree of texts, lists and maps that knows where each stood in the file.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/base/result.h"

namespace baton::yaml {

struct FilePlace {
  int line = 1;
  int column = 1;
};

struct YamlNode {
  enum class Kind { kNothing, kText, kList, kMap };
  Kind kind = Kind::kNothing;
  FilePlace place;
  std::string text;             // kText
  std::vector<YamlNode> items;  // kList and kMap, in the order of the file
  std::string key;              // in a map: what it is called there; keys may repeat
  FilePlace key_place;
};

// kInvalidArgument, "`file_name`:line:column: reason", for what is no YAML, for aliases, tags, more
// than one document, 16 levels or more, and keys that are no words. An empty text is kNothing.
// Cost: some times the size of the text in memory, whatever it says.
Result<YamlNode> ParseYaml(const std::string& text, std::string_view file_name);

// "file:3:7: ".
std::string ToText(std::string_view file_name, FilePlace place);

}  // namespace baton::yaml
