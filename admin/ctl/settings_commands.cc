// Settings of the server as a whole: three resources of one form.
#include "admin/ctl/settings_commands.h"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "admin/ctl/output.h"
#include "admin/ctl/printing.h"
#include "admin/ctl/table.h"
#include "admin/ctl/yaml_text.h"

namespace baton::ctl {
namespace {

namespace v1 = admin::v1;
using Values = std::map<std::string, std::string>;

template <typename Resource>
std::string Table(const Resource& resource, const Look& look) {
  const bool is_wide = look.format == Look::Format::kWide;
  std::vector<Row> rows = {{"KEY", "VALUE", "CHANGE", "ORIGIN"}};
  if (is_wide) rows[0].insert(rows[0].end(), {"EXPECTED", "WHAT"});
  for (const v1::Setting& one : resource.settings()) {
    Row row = {one.key(), one.value().empty() ? "-" : one.value(),
               one.needs_restart() ? "with a restart" : "live",
               one.origin().empty() ? "-" : one.origin()};
    if (is_wide) row.insert(row.end(), {one.expected(), one.help()});
    rows.push_back(std::move(row));
  }
  return Columns(rows, look);
}

template <typename Resource>
ExitCode Show(const Result<Resource>& resource, const Look& look) {
  if (!resource) return Complain(resource.error());
  switch (look.format) {
    case Look::Format::kJson: return Print(ToJson(*resource));
    case Look::Format::kYaml: return Print(ToYaml(*resource));
    case Look::Format::kName: return Print(resource->name() + "\n");
    default: return Print(Table(*resource, look));
  }
}

Result<Values> ReadValues(const std::vector<std::string>& settings) {
  Values values;
  for (const std::string& setting : settings) {
    const std::size_t equals = setting.find('=');
    if (equals == std::string::npos || equals == 0) {
      return Fail(ErrorCode::kInvalidArgument, "expected KEY=VALUE, got '" + setting + "'");
    }
    const std::string key = setting.substr(0, equals);
    if (!values.emplace(key, setting.substr(equals + 1)).second) {
      return Fail(ErrorCode::kInvalidArgument, key + ": given twice, expected once");
    }
  }
  return values;
}

template <typename Resource>
std::string ValueOf(const Resource& resource, const std::string& key) {
  const auto found = resource.values().find(key);
  return found == resource.values().end() ? "-" : found->second;
}

// How each of them is read and changed.
struct OfLimits {
  static auto Get(AdminClient& client) { return client.GetLimits(); }
  static auto Update(AdminClient& client, const v1::UpdateLimitsRequest& request) {
    return client.UpdateLimits(request);
  }
  static v1::Limits& In(v1::UpdateLimitsRequest& request) { return *request.mutable_limits(); }
  using Request = v1::UpdateLimitsRequest;
};
struct OfAdmission {
  static auto Get(AdminClient& client) { return client.GetAdmission(); }
  static auto Update(AdminClient& client, const v1::UpdateAdmissionRequest& request) {
    return client.UpdateAdmission(request);
  }
  static v1::Admission& In(v1::UpdateAdmissionRequest& request) {
    return *request.mutable_admission();
  }
  using Request = v1::UpdateAdmissionRequest;
};
struct OfLogging {
  static auto Get(AdminClient& client) { return client.GetLogging(); }
  static auto Update(AdminClient& client, const v1::UpdateLoggingRequest& request) {
    return client.UpdateLogging(request);
  }
  static v1::Logging& In(v1::UpdateLoggingRequest& request) { return *request.mutable_logging(); }
  using Request = v1::UpdateLoggingRequest;
};

template <typename Of>
ExitCode Change(const Values& values, const Command& command, AdminClient& client,
                const Look& look) {
  typename Of::Request request;
  auto& wanted = Of::In(request);
  wanted.mutable_values()->insert(values.begin(), values.end());
  wanted.set_etag(command.etag);
  request.set_validate_only(command.dry_run);
  const auto before = Of::Get(client);
  if (!before) return Complain(before.error());
  const auto after = Of::Update(client, request);
  if (!after) return Complain(after.error());
  for (const std::string& warning : after->warnings()) Warn(warning);
  const std::vector<Part> parts = {{"before", *before}, {"after", *after}};
  switch (look.format) {
    case Look::Format::kJson: return Print(ToJson(parts, "validate_only", command.dry_run));
    case Look::Format::kYaml: return Print(ToYaml(parts, "validate_only", command.dry_run));
    case Look::Format::kName: return Print(after->name() + "\n");
    default: break;
  }
  std::string lines;
  for (const auto& [key, value] : values) {
    lines += ChangeLine(after->name() + " " + key, ValueOf(*before, key), ValueOf(*after, key),
                        command.dry_run);
  }
  return Print(lines);
}

}  // namespace

ExitCode RunGetSettings(const Command& command, AdminClient& client, const Look& look) {
  if (command.group == "limits") return Show(client.GetLimits(), look);
  if (command.group == "admission") return Show(client.GetAdmission(), look);
  return Show(client.GetLogging(), look);
}

ExitCode RunSetSettings(const Command& command, AdminClient& client, const Look& look) {
  const Result<Values> values = ReadValues(command.settings);
  if (!values) return Complain(ExitCode::kUsage, values.error().message);
  if (command.group == "limits") return Change<OfLimits>(*values, command, client, look);
  if (command.group == "admission") return Change<OfAdmission>(*values, command, client, look);
  return Change<OfLogging>(*values, command, client, look);
}

ExitCode RunLogLevel(const Command& command, AdminClient& client, const Look& look) {
  constexpr std::string_view kOfModule = "levels.";
  if (command.words.size() == 2) {
    const std::string key = std::string(kOfModule) + command.words[0];
    return Change<OfLogging>({{key, command.words[1]}}, command, client, look);
  }
  const Result<v1::Logging> logging = client.GetLogging();
  if (!logging) return Show(logging, look);
  const std::string level = ValueOf(*logging, "level");
  if (command.words.size() == 1) {
    const std::string key = std::string(kOfModule) + command.words[0];
    const auto& all = logging->settings();
    const bool is_module = std::any_of(all.begin(), all.end(),
                                       [&key](const v1::Setting& one) { return one.key() == key; });
    if (!is_module) return Change<OfLogging>({{"level", command.words[0]}}, command, client, look);
    if (!look.IsTable()) return Show(logging, look);
    const std::string own = ValueOf(*logging, key);
    return Print((own == "-" || own == "inherit" ? level : own) + "\n");
  }
  if (!look.IsTable()) return Show(logging, look);
  std::string lines = level + "\n";
  for (const v1::Setting& one : logging->settings()) {
    const bool has_own = one.key().starts_with(kOfModule) && !one.value().empty();
    if (has_own) lines += one.key().substr(kOfModule.size()) + " " + one.value() + "\n";
  }
  return Print(lines);
}

}  // namespace baton::ctl
