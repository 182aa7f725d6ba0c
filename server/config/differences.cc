// Walks over the schema, with what both say of each field.
#include "server/config/differences.h"

#include <map>
#include <memory>
#include <string_view>
#include <utility>

#include "server/config/settings.h"

namespace baton::config {
namespace {

class Lister {
 public:
  explicit Lister(const Configuration& configuration) : configuration_(configuration) {}

  void Section(const Message& message, const std::string& path) {
    for (const FieldDescriptor* const field : FieldsOf(*message.GetDescriptor())) {
      Field(message, *field, Joined(path, field->name()));
    }
  }
  std::vector<Value> Take() { return std::move(values_); }

 private:
  void Field(const Message& message, const FieldDescriptor& field, const std::string& path);
  void ByName(const Message& message, const FieldDescriptor& field, const std::string& path);
  void Add(const std::string& path, const FieldDescriptor& field, std::string text) {
    values_.push_back({path, std::move(text), std::string(configuration_.OriginOf(path)),
                       RulesOf(field).needs_restart()});
  }

  const Configuration& configuration_;
  std::vector<Value> values_;
};

void Lister::ByName(const Message& message, const FieldDescriptor& field, const std::string& path) {
  const auto& reflection = *message.GetReflection();
  std::map<std::string, const Message*> entries;
  for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
    const Message& entry = reflection.GetRepeatedMessage(message, &field, i);
    entries[ValueOf(entry, *field.message_type()->map_key())] = &entry;
  }
  for (const auto& [name, entry] : entries) {
    const FieldDescriptor& value = *entry->GetDescriptor()->map_value();
    if (KindOf(field) == Kind::kTextsByName) {
      Add(Joined(path, name), field, ValueOf(*entry, value));
    } else {
      Section(entry->GetReflection()->GetMessage(*entry, &value), Joined(path, name));
    }
  }
}

void Lister::Field(const Message& message, const FieldDescriptor& field, const std::string& path) {
  const auto& reflection = *message.GetReflection();
  switch (KindOf(field)) {
    case Kind::kValue:
      if (reflection.HasField(message, &field)) Add(path, field, ValueOf(message, field));
      return;
    case Kind::kSection: return Section(reflection.GetMessage(message, &field), path);
    default: return ByName(message, field, path);
  }
}

std::map<std::string_view, const Value*> ByKey(const std::vector<Value>& values) {
  std::map<std::string_view, const Value*> by_key;
  for (const Value& value : values) by_key[value.key] = &value;
  return by_key;
}

// The field of `target`, with its origins, becomes that of `source`.
void Keep(const std::string& path, const Configuration& source, Configuration& target) {
  std::erase_if(target.origins,
                [&path](const auto& origin) { return IsAtOrBelow(origin.first, path); });
  for (const auto& [key, origin] : source.origins) {
    if (IsAtOrBelow(key, path)) target.origins[key] = origin;
  }
}

class Keeper {
 public:
  Keeper(const Configuration& in_force, Configuration& wanted)
      : in_force_(in_force), wanted_(wanted) {}

  void Section(const Message& in_force, Message& wanted, const std::string& path) {
    const auto& reflection = *wanted.GetReflection();
    const std::unique_ptr<Message> copy(in_force.New());
    copy->CopyFrom(in_force);
    for (const FieldDescriptor* const field : FieldsOf(*wanted.GetDescriptor())) {
      const std::string here = Joined(path, field->name());
      if (KindOf(*field) == Kind::kSection) {
        Message& below = *reflection.MutableMessage(&wanted, field);
        Section(reflection.GetMessage(in_force, field), below, here);
        const bool is_nothing = below.ByteSizeLong() == 0;
        if (is_nothing && !reflection.HasField(in_force, field)) {
          reflection.ClearField(&wanted, field);
        }
      } else if (RulesOf(*field).needs_restart()) {
        reflection.SwapFields(&wanted, copy.get(), {field});
        Keep(here, in_force_, wanted_);
      }
    }
  }

 private:
  const Configuration& in_force_;
  Configuration& wanted_;
};

}  // namespace

std::vector<Value> ValuesOf(const Configuration& configuration) {
  Lister lister(configuration);
  lister.Section(configuration.values, "");
  return lister.Take();
}

std::vector<Difference> Differences(const Configuration& before, const Configuration& after) {
  const std::vector<Value> old_ones = ValuesOf(before);
  const std::vector<Value> new_ones = ValuesOf(after);
  const auto old_by_key = ByKey(old_ones);
  const auto new_by_key = ByKey(new_ones);
  std::vector<Difference> differences;
  for (const Value& value : new_ones) {
    const auto old_one = old_by_key.find(value.key);
    const std::string was = old_one == old_by_key.end() ? "" : old_one->second->text;
    if (was == value.text) continue;
    differences.push_back({value.key, was, value.text, value.origin, value.needs_restart});
  }
  for (const Value& value : old_ones) {
    if (new_by_key.contains(value.key)) continue;
    differences.push_back({value.key, value.text, "", "", value.needs_restart});
  }
  return differences;
}

Configuration WithoutRestarts(const Configuration& in_force, const Configuration& wanted) {
  Configuration taken = wanted;
  Keeper(in_force, taken).Section(in_force.values, taken.values, "");
  return taken;
}

}  // namespace baton::config
