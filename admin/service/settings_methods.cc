// The methods about limits, admission and the log: settings of the configuration, changed live.
#include <string>
#include <string_view>
#include <vector>

#include "baton/admin/v1/admin_service.pb.h"

#include "admin/service/admin_method.h"
#include "admin/service/admin_methods.h"

namespace baton::admin {
namespace {

using control::SettingsGroup;
using control::SettingsState;
using control::SettingState;

constexpr std::string_view kValues = "values";

// The singletons differ by their names alone.
Status CheckName(const std::string& name, const std::string& expected) {
  if (name.empty() || name == expected) return {};
  return Fail(ErrorCode::kNotFound,
              "name: there is one, \"" + expected + "\"; got \"" + name + "\"", "name");
}

template <typename Resource>
void Fill(const SettingsState& state, const std::string& name, Resource& resource) {
  resource.set_name(name);
  for (const SettingState& setting : state.settings) {
    if (!setting.value.empty()) (*resource.mutable_values())[setting.key] = setting.value;
    v1::Setting& told = *resource.add_settings();
    told.set_key(setting.key);
    told.set_setting(setting.setting);
    told.set_value(setting.value);
    told.set_origin(setting.origin);
    told.set_expected(setting.expected);
    told.set_needs_restart(setting.needs_restart);
    told.set_help(setting.help);
  }
  resource.set_generation(state.generation);
  resource.set_etag(std::to_string(state.generation));
}

// Which of the values an update is about.
template <typename Resource>
Status TakeValues(const google::protobuf::FieldMask& mask, const std::string& name,
                  const Resource& resource, std::map<std::string, std::string>& values) {
  const auto& given = resource.values();
  const auto take_all = [&] { values.insert(given.begin(), given.end()); };
  if (mask.paths().empty()) take_all();
  for (const std::string& path : mask.paths()) {
    if (path == "*" || path == kValues) {
      take_all();
      continue;
    }
    if (!path.starts_with(std::string(kValues) + ".")) {
      return Fail(ErrorCode::kInvalidArgument,
                  "update_mask: expected \"values.KEY\", \"values\" or \"*\", got \"" + path + "\"",
                  "update_mask");
    }
    const std::string key = path.substr(kValues.size() + 1);
    const auto value = given.find(key);
    if (value == given.end()) {
      std::string field(name);
      field.append(".").append(path);
      return Fail(ErrorCode::kInvalidArgument,
                  field + ": expected a value, since update_mask names it", field);
    }
    values.insert(*value);
  }
  if (!values.empty()) return {};
  return Fail(ErrorCode::kInvalidArgument,
              name + ".values: nothing to change; expected at least one of them", name + ".values");
}

std::vector<v1::Change> ChangesOf(const control::Changed<SettingsState>& changed) {
  std::vector<v1::Change> changes;
  for (std::size_t i = 0; i < changed.after.settings.size(); ++i) {
    const SettingState& before = changed.before.settings[i];
    const SettingState& after = changed.after.settings[i];
    if (before.value == after.value) continue;
    v1::Change& change = changes.emplace_back();
    change.set_field(after.key);
    change.set_before(before.value);
    change.set_after(after.value);
  }
  return changes;
}

ChangeTexts TextsOf(const std::vector<v1::Change>& changes) {
  ChangeTexts texts;
  const auto add = [](std::string& text, const std::string& key, const std::string& value) {
    text += (text.empty() ? "" : " ") + key + "=" + value;
  };
  for (const v1::Change& change : changes) {
    add(texts.before, change.field(), change.before());
    add(texts.after, change.field(), change.after());
  }
  return texts;
}

template <typename Request, typename Resource>
AdminMethod Getter(SettingsGroup group, std::string name, control::ControlPort& control) {
  return [group, name = std::move(name), &control](const control::Caller&, std::string_view message,
                                                   const AdminReply& reply) {
    const Result<Request> request = Parse<Request>(message);
    if (!request) return reply(tl::unexpected(request.error()));
    if (const Status known = CheckName(request->name(), name); !known) {
      return reply(tl::unexpected(known.error()));
    }
    Resource resource;
    Fill(control.GetSettings(group), name, resource);
    reply(resource.SerializeAsString());
  };
}

template <typename Request, typename Resource>
Result<Resource> Update(const Call& call, SettingsGroup group, const std::string& name,
                        const Request& request, const Resource& wanted) {
  control::SettingsUpdate update;
  update.group = group;
  update.validate_only = request.validate_only();
  const auto generation = ToGeneration(wanted.etag());
  if (!generation) return tl::unexpected<Error>(generation.error());
  update.expected_generation = *generation;
  for (const Status& right : {CheckName(wanted.name(), name),
                              TakeValues(request.update_mask(), name, wanted, update.values)}) {
    if (!right) return tl::unexpected<Error>(right.error());
  }
  const auto changed = call.control.UpdateSettings(update);
  if (!changed) {
    Error error = changed.error();
    const bool is_about_one = update.values.contains(error.field);
    if (is_about_one) error.field = name + ".values." + error.field;
    return tl::unexpected<Error>(std::move(error));
  }
  const std::vector<v1::Change> changes = ChangesOf(*changed);
  Resource resource;
  Fill(changed->after, name, resource);
  resource.mutable_changes()->Add(changes.begin(), changes.end());
  for (const std::string& warning : changed->after.warnings) resource.add_warnings(warning);
  if (update.validate_only) return resource;
  Audit(call, name, TextsOf(changes), changed->after.generation);
  for (const std::string& warning : changed->after.warnings) {
    Log(LogLevel::kWarning, "doubtful_setting", {{"warning", warning}});
  }
  return resource;
}

template <typename Request, typename Resource>
AdminMethod Updater(SettingsGroup group, std::string name, control::ControlPort& control,
                    const Resource& (Request::*wanted)() const) {
  return [group, name = std::move(name), &control, wanted](
             const control::Caller& caller, std::string_view message, const AdminReply& reply) {
    const Result<Request> request = Parse<Request>(message);
    if (!request) return reply(tl::unexpected(request.error()));
    const Result<Resource> updated =
        Update(Call{control, caller}, group, name, *request, ((*request).*wanted)());
    if (!updated) return reply(tl::unexpected(updated.error()));
    reply(updated->SerializeAsString());
  };
}

}  // namespace

void AddSettingsMethods(AdminMethods& methods, control::ControlPort& control) {
  methods["GetLimits"] =
      Getter<v1::GetLimitsRequest, v1::Limits>(SettingsGroup::kLimits, "limits", control);
  methods["UpdateLimits"] =
      Updater(SettingsGroup::kLimits, "limits", control, &v1::UpdateLimitsRequest::limits);
  methods["GetAdmission"] = Getter<v1::GetAdmissionRequest, v1::Admission>(
      SettingsGroup::kAdmission, "admission", control);
  methods["UpdateAdmission"] = Updater(SettingsGroup::kAdmission, "admission", control,
                                       &v1::UpdateAdmissionRequest::admission);
  methods["GetLogging"] =
      Getter<v1::GetLoggingRequest, v1::Logging>(SettingsGroup::kLogging, "logging", control);
  methods["UpdateLogging"] =
      Updater(SettingsGroup::kLogging, "logging", control, &v1::UpdateLoggingRequest::logging);
}

}  // namespace baton::admin
