// Tables of values with their origins.
#include "admin/ctl/config_output.h"

#include <vector>

#include "admin/ctl/table.h"

namespace baton::ctl {
namespace {

namespace v1 = admin::v1;

constexpr std::size_t kWidestValue = 60;

std::string ValueText(const std::string& value) {
  if (value.empty()) return "-";
  return value.size() <= kWidestValue ? value : value.substr(0, kWidestValue) + "...";
}

std::string OnReload(bool needs_restart) { return needs_restart ? "waits for a restart" : "taken"; }

}  // namespace

std::string ToTable(const v1::Config& config, const Look& look) {
  std::vector<Row> rows = {{"KEY", "VALUE", "ON_RELOAD", "ORIGIN"}};
  for (const v1::ConfigValue& value : config.values()) {
    rows.push_back(
        {value.key(), ValueText(value.value()), OnReload(value.needs_restart()), value.origin()});
  }
  return Fields({{"file", ValueText(config.file())},
                 {"generation", std::to_string(config.generation())},
                 {"hash", config.hash()}},
                look) +
         "\n" + Columns(rows, look);
}

std::string ToTable(const v1::ReloadConfigResponse& reload, const Look& look) {
  if (reload.differences().empty()) return "nothing differs\n";
  std::vector<Row> rows = {{"KEY", "BEFORE", "AFTER", "ON_RELOAD", "ORIGIN"}};
  for (const v1::ConfigDifference& one : reload.differences()) {
    rows.push_back({one.key(), ValueText(one.before()), ValueText(one.after()),
                    OnReload(one.needs_restart()), ValueText(one.origin())});
  }
  return Columns(rows, look);
}

}  // namespace baton::ctl
