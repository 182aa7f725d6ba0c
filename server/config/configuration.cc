// Defaults out of the schema's rules, and one configuration over another.
#include "server/config/configuration.h"

#include <utility>

#include "server/config/settings.h"

namespace baton::config {
namespace {

void TakeDefaults(Message& message, const std::string& path, Configuration& configuration) {
  for (const FieldDescriptor* const field : FieldsOf(*message.GetDescriptor())) {
    const std::string here = Joined(path, field->name());
    if (KindOf(*field) == Kind::kSection) {
      const auto& reflection = *message.GetReflection();
      Message& section = *reflection.MutableMessage(&message, field);
      TakeDefaults(section, here, configuration);
      if (section.ByteSizeLong() == 0) reflection.ClearField(&message, field);
    }
    const v1::Setting& rules = RulesOf(*field);
    if (rules.default_value().empty()) continue;
    SetValue(message, *field, rules.default_value());
    configuration.origins[here] = "default";
  }
}

bool IsBelow(std::string_view path, std::string_view section) {
  return path.size() > section.size() && path.starts_with(section) && path[section.size()] == '.';
}

void ForgetFallback(const std::string& name, Configuration& configuration) {
  (*configuration.values.mutable_endpoints())[name].clear_fallback();
  const std::string section = "endpoints." + name + ".fallback";
  std::erase_if(configuration.origins,
                [&section](const auto& origin) { return IsBelow(origin.first, section); });
}

}  // namespace

std::string_view Configuration::OriginOf(std::string_view path) const {
  if (const auto exact = origins.find(path); exact != origins.end()) return exact->second;
  const auto below = origins.lower_bound(std::string(path) + ".");
  return below != origins.end() && IsBelow(below->first, path) ? below->second : std::string_view();
}

Configuration Defaults() {
  Configuration configuration;
  TakeDefaults(configuration.values, "", configuration);
  return configuration;
}

void Overlay(const Configuration& over, Configuration& target) {
  // Merging replaces what has the same key in a map.
  v1::ServerConfig others = over.values;
  for (const auto& [name, settings] : over.values.endpoints()) {
    const auto known = target.values.endpoints().find(name);
    const bool is_other_kind = settings.fallback().has_kind() &&
                               known != target.values.endpoints().end() &&
                               known->second.fallback().kind() != settings.fallback().kind();
    if (is_other_kind) ForgetFallback(name, target);
    (*target.values.mutable_endpoints())[name].MergeFrom(settings);
  }
  others.clear_endpoints();
  target.values.MergeFrom(others);
  for (const auto& [path, origin] : over.origins) target.origins[path] = origin;
}

}  // namespace baton::config
