// `batonctl context`: reads the file, changes it in memory, writes it back whole.
#include "admin/ctl/context_commands.h"

#include <filesystem>
#include <utility>

#include "admin/ctl/admin_client.h"
#include "admin/ctl/contexts.h"
#include "admin/ctl/printing.h"
#include "admin/ctl/table.h"
#include "server/base/json_writer.h"

namespace baton::ctl {
namespace {

std::string ToJson(const Contexts& contexts) {
  std::string text;
  JsonWriter json(text);
  json.BeginObject().Key("current").String(contexts.current).Key("contexts").BeginObject();
  for (const auto& [name, target] : contexts.servers) {
    json.Key(name).BeginObject().Key("server").String(target.server);
    for (const auto& [key, path] : kDoorKeys) {
      if (!(target.*path).empty()) json.Key(key).String(target.*path);
    }
    json.EndObject();
  }
  json.EndObject().EndObject();
  return text + "\n";
}

std::string ToText(const Contexts& contexts, const Look& look) {
  if (look.format == Look::Format::kJson) return ToJson(contexts);
  if (look.format == Look::Format::kYaml) return ToYaml(contexts);
  std::string names;
  std::vector<Row> rows = {{"NAME", "SERVER", "CURRENT"}};
  for (const auto& [name, target] : contexts.servers) {
    names += name + "\n";
    rows.push_back({name, target.server, name == contexts.current ? "yes" : "-"});
  }
  return look.format == Look::Format::kName ? names : Columns(rows, look);
}

ExitCode Show(const std::string& wanted, const Contexts& contexts, const Look& look) {
  const std::string& name = wanted.empty() ? contexts.current : wanted;
  if (name.empty()) return Complain(ExitCode::kNotFound, "there is no current context");
  Contexts one{contexts.current == name ? name : "", {{name, contexts.servers.at(name)}}};
  return Print(ToText(one, look));
}

ExitCode Write(const Contexts& contexts, const std::string& done) {
  const Status written = WriteContexts(ContextsFile(), contexts);
  return written ? Print(done + "\n") : Complain(written.error());
}

ExitCode Use(const std::string& name, Contexts contexts) {
  contexts.current = name;
  return Write(contexts, name + ": the current context, " + contexts.servers[name].server);
}

// As they are meant from any folder.
Target WithWholePaths(Target target) {
  for (const auto& [key, path] : kDoorKeys) {
    std::string& text = target.*path;
    const bool is_word = key == "ca" && text == "system";
    if (!text.empty() && !is_word) text = std::filesystem::absolute(text).string();
  }
  return target;
}

ExitCode Set(const Command& command, Contexts contexts) {
  if (const Status named = CheckContextName(command.name); !named) {
    return Complain(ExitCode::kUsage, named.error().message);
  }
  if (command.target.server.empty()) {
    return Complain(ExitCode::kUsage, "a context needs an address: --server HOST:PORT");
  }
  if (const Status checked = CheckServer(command.target.server, "--server"); !checked) {
    return Complain(ExitCode::kUsage, checked.error().message);
  }
  const Target target = WithWholePaths(command.target);
  if (const Result<Reach> reach = ReadTarget(target); !reach) {
    return Complain(ExitCode::kUsage, reach.error().message);
  }
  const Target before = std::exchange(contexts.servers[command.name], target);
  return Write(contexts, command.name +
                             " server: " + (before.server.empty() ? "-" : before.server) + " -> " +
                             target.server);
}

ExitCode Delete(const std::string& name, Contexts contexts) {
  contexts.servers.erase(name);
  const bool was_current = contexts.current == name;
  if (was_current) contexts.current.clear();
  return Write(contexts, name + ": deleted" + (was_current ? ", there is no current one now" : ""));
}

}  // namespace

ExitCode RunContext(const Command& command, const Look& look) {
  using Kind = Command::Kind;
  const Result<Contexts> contexts = ReadContexts(ContextsFile());
  if (!contexts) return Complain(ExitCode::kUsage, contexts.error().message);
  if (command.kind == Kind::kContextList) return Print(ToText(*contexts, look));
  if (command.kind == Kind::kContextSet) return Set(command, *contexts);
  if (!command.name.empty() && !contexts->servers.contains(command.name)) {
    return Complain(ExitCode::kNotFound, "no context \"" + command.name + "\"" +
                                             MeantText(command.name, contexts->Names()));
  }
  switch (command.kind) {
    case Kind::kContextUse: return Use(command.name, *contexts);
    case Kind::kContextDelete: return Delete(command.name, *contexts);
    default: return Show(command.name, *contexts, look);
  }
}

}  // namespace baton::ctl
