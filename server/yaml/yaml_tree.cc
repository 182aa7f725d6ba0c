// The tree is built from yaml-cpp's events, so that nothing is expanded and nothing hides.
#include "server/yaml/yaml_tree.h"

#include <algorithm>
#include <cstddef>
#include <exception>
#include <sstream>
#include <utility>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

namespace baton::yaml {
namespace {

constexpr std::size_t kMaxDepth = 16;

FilePlace PlaceOf(const YAML::Mark& mark) {
  return {std::max(mark.line, 0) + 1, std::max(mark.column, 0) + 1};
}

class TreeBuilder : public YAML::EventHandler {
 public:
  YamlNode&& TakeRoot() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) Refuse(mark, "expected one document, here begins another");
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Add(mark, "", anchor, YamlNode::Kind::kNothing);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override {
    Refuse(mark, "aliases are not allowed, expected the value itself");
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    if (IsKeyWanted()) return TakeKey(mark, value);
    Add(mark, tag, anchor, YamlNode::Kind::kText).text = value;
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    Open(mark, tag, anchor, YamlNode::Kind::kList);
  }
  void OnSequenceEnd() override { open_.pop_back(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    Open(mark, tag, anchor, YamlNode::Kind::kMap);
  }
  void OnMapEnd() override { open_.pop_back(); }

 private:
  [[noreturn]] static void Refuse(const YAML::Mark& mark, const std::string& reason) {
    throw YAML::ParserException(mark, reason);
  }

  bool IsKeyWanted() const {
    return !open_.empty() && open_.back()->kind == YamlNode::Kind::kMap && !has_key_;
  }
  void TakeKey(const YAML::Mark& mark, const std::string& key) {
    if (key.empty()) Refuse(mark, "expected a key, got an empty text");
    key_ = key;
    key_place_ = PlaceOf(mark);
    has_key_ = true;
  }

  // Only the last item of an open node grows, so that pointers to open nodes stay right.
  YamlNode& Add(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                YamlNode::Kind kind) {
    if (IsKeyWanted()) Refuse(mark, "a key must be a word");
    if (anchor != 0) Refuse(mark, "anchors are not allowed");
    if (!tag.empty() && tag != "?" && tag != "!") Refuse(mark, "tags are not allowed");
    YamlNode& node = open_.empty() ? root_ : open_.back()->items.emplace_back();
    node.kind = kind;
    node.place = PlaceOf(mark);
    if (std::exchange(has_key_, false)) {
      node.key = std::move(key_);
      node.key_place = key_place_;
    }
    return node;
  }
  void Open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
            YamlNode::Kind kind) {
    if (open_.size() + 1 >= kMaxDepth) Refuse(mark, "nested too deeply, at most 15 levels");
    open_.push_back(&Add(mark, tag, anchor, kind));
  }

  YamlNode root_;
  std::vector<YamlNode*> open_;
  int documents_ = 0;
  bool has_key_ = false;
  std::string key_;
  FilePlace key_place_;
};

}  // namespace

std::string ToText(std::string_view file_name, FilePlace place) {
  return std::string(file_name) + ":" + std::to_string(place.line) + ":" +
         std::to_string(place.column) + ": ";
}

Result<YamlNode> ParseYaml(const std::string& text, std::string_view file_name) {
  try {
    std::istringstream input(text);
    YAML::Parser parser(input);
    TreeBuilder builder;
    while (parser.HandleNextDocument(builder)) {
    }
    return builder.TakeRoot();
  } catch (const YAML::Exception& error) {
    std::string reason = error.msg;  // may hold a byte of the file
    std::replace_if(
        reason.begin(), reason.end(),
        [](unsigned char letter) { return letter < ' ' || letter > '~'; }, '?');
    return Fail(ErrorCode::kInvalidArgument, ToText(file_name, PlaceOf(error.mark)) + reason);
  } catch (const std::exception& error) {
    return Fail(ErrorCode::kInvalidArgument, std::string(file_name) + ": " + error.what());
  }
}

}  // namespace baton::yaml
