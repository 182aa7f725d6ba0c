// Each layer is read by itself, so that all of their mistakes can be told.
#include "server/config/layers.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>
#include <utility>

#include "server/base/nearest_word.h"
#include "server/config/check.h"
#include "server/config/file_layer.h"
#include "server/config/settings.h"

namespace baton::config {
namespace {

using google::protobuf::Descriptor;

constexpr std::string_view kPrefix = "BATON_";
constexpr std::string_view kFileVariable = "BATON_CONFIG";
constexpr std::array<std::string_view, 2> kOfBatonctl = {"BATON_ADMIN", "BATON_CONTEXTS"};
constexpr std::size_t kLettersAMistake = 4;

class Mistakes {
 public:
  void Add(const std::string& line) { text_ += (text_.empty() ? "" : "\n") + line; }
  void Add(const Error& error) { Add(error.message); }
  Status ToStatus() const {
    if (text_.empty()) return {};
    return Fail(ErrorCode::kInvalidArgument, text_);
  }

 private:
  std::string text_;
};

// The message that holds the setting at `path`, made where it is not there; `name` stands for NAME.
Message& HolderOf(Message& root, const std::string& path, const std::string& name) {
  const std::size_t dot = path.find('.');
  if (dot == path.npos) return root;
  const FieldDescriptor& field = *root.GetDescriptor()->FindFieldByName(path.substr(0, dot));
  const auto& reflection = *root.GetReflection();
  std::string rest = path.substr(dot + 1);
  if (!field.is_map()) return HolderOf(*reflection.MutableMessage(&root, &field), rest, name);
  const Descriptor& entries = *field.message_type();
  Message* pair = nullptr;
  for (int i = 0; i < reflection.FieldSize(root, &field) && pair == nullptr; ++i) {
    Message* const one = reflection.MutableRepeatedMessage(&root, &field, i);
    if (ValueOf(*one, *entries.map_key()) == name) pair = one;
  }
  if (pair == nullptr) pair = reflection.AddMessage(&root, &field);
  SetValue(*pair, *entries.map_key(), name);
  if (KindOf(field) == Kind::kTextsByName) return *pair;
  rest.erase(0, rest.find('.') + 1);  // NAME
  return HolderOf(*pair->GetReflection()->MutableMessage(pair, entries.map_value()), rest, name);
}

Status Give(const KnownSetting& setting, const std::string& name, const std::string& text,
            const std::string& origin, Configuration& configuration) {
  std::string path = setting.path;
  if (setting.is_named) path.replace(path.find("NAME"), std::string_view("NAME").size(), name);
  const auto refuse = [&](const std::string& reason) {
    return Fail(ErrorCode::kInvalidArgument, origin + ": " + path + ": " + reason);
  };
  if (const Status checked = CheckText(RulesOf(*setting.field), text); !checked) {
    return refuse(checked.error().message);
  }
  if (configuration.origins.contains(path)) return refuse("given twice, expected once");
  Message& holder = HolderOf(configuration.values, setting.path, name);
  const FieldDescriptor& field = *setting.field;
  SetValue(holder, field.is_map() ? *field.message_type()->map_value() : field, text);
  configuration.origins[path] = origin;
  return {};
}

const KnownSetting* FindByFlag(std::string_view flag) {
  const auto& all = AllSettings();
  const auto found = std::find_if(all.begin(), all.end(), [flag](const KnownSetting& setting) {
    return RulesOf(*setting.field).flag() == flag;
  });
  return found == all.end() ? nullptr : &*found;
}

struct Shape {
  std::string_view option;
  std::string_view text;
};
constexpr std::array kShapes = {
    Shape{"--endpoint", "NAME:KEY=VALUE"}, Shape{"--limit", "NAME=VALUE"},
    Shape{"--log-levels", "MODULE=LEVEL"}, Shape{"--static", "PREFIX=DIR"}};

// None for a flag with a value of its own.
const Shape* ShapeOf(const GivenFlag& given) {
  const auto shape = std::find_if(kShapes.begin(), kShapes.end(), [&given](const Shape& one) {
    return one.option == given.option;
  });
  return shape == kShapes.end() ? nullptr : &*shape;
}

bool HasShape(const GivenFlag& given, const Shape& shape) {
  const std::size_t equals = given.text.find('=');
  if (equals == given.text.npos || equals == 0) return false;
  const std::size_t colon = given.text.rfind(':', equals);
  return shape.option != "--endpoint" || (colon != given.text.npos && colon > 0);
}

// What a flag says: of which setting, of whom, what.
struct Said {
  std::string flag;
  std::string name;
  std::string text;
};

Said Understood(const GivenFlag& given) {
  if (ShapeOf(given) == nullptr) return {given.option, "", given.text};
  const std::size_t equals = given.text.find('=');
  const std::string key = given.text.substr(0, equals);
  const std::string value = equals == key.npos ? "" : given.text.substr(equals + 1);
  if (given.option == "--static") return {given.option, key, value};
  if (given.option != "--endpoint") return {given.option + " " + key, "", value};
  const std::size_t colon = std::min(key.rfind(':'), key.size());  // names may have colons
  return {given.option + " NAME" + key.substr(colon), key.substr(0, colon), value};
}

std::string OriginOf(const Said& said) {
  std::string flag = said.flag;
  const std::size_t name = flag.find("NAME");
  if (name != flag.npos) flag.replace(name, std::string_view("NAME").size(), said.name);
  return "flag " + flag + (flag == "--static" ? " " + said.name : "");
}

// "flag --limit body_byte: unknown setting 'body_byte', expected one of ...".
std::string UnknownFlag(const Said& said) {
  const std::size_t end = said.flag.find_last_of(": ") + 1;
  const std::string key = said.flag.substr(end);
  std::vector<std::string_view> known;
  std::string listed;
  for (const KnownSetting& setting : AllSettings()) {
    const std::string_view flag = RulesOf(*setting.field).flag();
    if (!flag.starts_with(std::string_view(said.flag).substr(0, end))) continue;
    known.push_back(flag.substr(end));
    listed += (listed.empty() ? "" : ", ") + std::string(known.back());
  }
  const std::string_view nearest = NearestWord(key, known);
  return OriginOf(said) + ": unknown setting '" + key + "', expected one of " + listed +
         (nearest.empty() ? "" : " (did you mean " + std::string(nearest) + "?)");
}

// The setting of which `name` is nearly the variable, or which is in the section that it names.
std::string_view ProbablyMeant(const std::string& name, std::span<const std::string> known) {
  const std::string_view nearest = [&] {
    const std::vector<std::string_view> names(known.begin(), known.end());
    return NearestWord(name, names);
  }();
  const std::size_t own = name.size() - kPrefix.size();
  const std::size_t distance = EditDistance(name, nearest);
  if (!nearest.empty() && distance <= std::max<std::size_t>(1, own / kLettersAMistake)) {
    return nearest;
  }
  for (const FieldDescriptor* const field : FieldsOf(*v1::ServerConfig::descriptor())) {
    if (KindOf(*field) != Kind::kSection) continue;
    if (name.starts_with(VariableOf(field->name()) + "_")) return nearest;
  }
  return {};
}

std::string Unknown(const std::string& name, std::string_view meant) {
  return "env " + name + ": unknown variable (did you mean " + std::string(meant) + "?)";
}

}  // namespace

std::string VariableOf(const std::string& path) {
  std::string name(kPrefix);
  for (const char letter : path) {
    name +=
        letter == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
  }
  return name;
}

Result<Configuration> ReadFlags(std::span<const GivenFlag> flags) {
  Configuration configuration;
  Mistakes mistakes;
  for (const GivenFlag& given : flags) {
    const Shape* const shape = ShapeOf(given);
    if (shape != nullptr && !HasShape(given, *shape)) {
      mistakes.Add("flag " + given.option + ": expected " + std::string(shape->text) + ", got '" +
                   given.text + "'");
      continue;
    }
    const Said said = Understood(given);
    const KnownSetting* const setting = FindByFlag(said.flag);
    if (setting == nullptr) {
      mistakes.Add(UnknownFlag(said));
      continue;
    }
    const Status gave = Give(*setting, said.name, said.text, OriginOf(said), configuration);
    if (!gave) mistakes.Add(gave.error());
  }
  if (const Status status = mistakes.ToStatus(); !status) {
    return tl::unexpected<Error>(status.error());
  }
  return configuration;
}

Result<Environment> ReadEnvironment(std::span<const std::string> variables) {
  std::vector<const KnownSetting*> settings;
  std::vector<std::string> names;
  for (const KnownSetting& setting : AllSettings()) {
    if (setting.is_named) continue;
    settings.push_back(&setting);
    names.push_back(VariableOf(setting.path));
  }
  Environment read;
  Mistakes mistakes;
  for (const std::string& variable : variables) {
    if (!variable.starts_with(kPrefix)) continue;
    const std::size_t equals = std::min(variable.find('='), variable.size());
    const std::string name = variable.substr(0, equals);
    const std::string text = equals < variable.size() ? variable.substr(equals + 1) : "";
    const auto known = std::find(names.begin(), names.end(), name);
    if (known != names.end()) {
      const KnownSetting& setting = *settings[static_cast<std::size_t>(known - names.begin())];
      const Status gave = Give(setting, "", text, "env " + name, read.configuration);
      if (!gave) mistakes.Add(gave.error());
    } else if (name != kFileVariable &&
               std::find(kOfBatonctl.begin(), kOfBatonctl.end(), name) == kOfBatonctl.end()) {
      const std::string_view meant = ProbablyMeant(name, names);
      meant.empty() ? read.unknown.push_back(name) : mistakes.Add(Unknown(name, meant));
    }
  }
  if (const Status status = mistakes.ToStatus(); !status) {
    return tl::unexpected<Error>(status.error());
  }
  return read;
}

std::string FileOf(const Sources& sources) {
  if (!sources.file.empty()) return sources.file;
  const std::string start = std::string(kFileVariable) + "=";
  const std::vector<std::string>& variables = sources.environment;
  const auto found =
      std::find_if(variables.begin(), variables.end(),
                   [&start](const std::string& one) { return one.starts_with(start); });
  return found == variables.end() ? "" : found->substr(start.size());
}

Result<Loaded> Load(const Sources& sources) {
  Mistakes mistakes;
  const Result<Environment> environment = ReadEnvironment(sources.environment);
  const Result<Configuration> flags = ReadFlags(sources.flags);
  const std::string file = FileOf(sources);
  const Result<Configuration> from_file = file.empty() ? Configuration() : ReadFile(file);
  if (!from_file) mistakes.Add(from_file.error());
  if (!environment) mistakes.Add(environment.error());
  if (!flags) mistakes.Add(flags.error());
  if (const Status status = mistakes.ToStatus(); !status) {
    return tl::unexpected<Error>(status.error());
  }
  Loaded loaded{Defaults(), environment->unknown};
  for (const Configuration* const layer : {&*from_file, &environment->configuration, &*flags}) {
    Overlay(*layer, loaded.configuration);
  }
  if (const Status sound = CheckWhole(loaded.configuration); !sound) {
    return tl::unexpected<Error>(sound.error());
  }
  return loaded;
}

}  // namespace baton::config
