// Section by section. Texts were checked by the rules of the schema; what is looked at here is what
// the schema does not know: JSON, prefixes, and whether folders are there.
#include "server/app/start_options.h"

#include <algorithm>
#include <array>
#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/api/gateway.h"
#include "server/app/mistakes.h"
#include "server/config/settings.h"
#include "server/yaml/config_reader.h"

namespace baton::app {
namespace {

using config::Configuration;
using config::v1::ServerConfig;
using google::protobuf::Message;

template <typename T, std::size_t N>
T ReadWord(const std::string& text, const std::array<std::pair<std::string_view, T>, N>& words) {
  const auto found = std::find_if(words.begin(), words.end(),
                                  [&text](const auto& word) { return word.first == text; });
  return found == words.end() ? T{} : found->second;
}

constexpr std::array<std::pair<std::string_view, LogOptions::Format>, 3> kFormats = {
    {{"auto", LogOptions::Format::kAuto},
     {"text", LogOptions::Format::kText},
     {"json", LogOptions::Format::kJson}}};
constexpr std::array<std::pair<std::string_view, LogLevel>, 4> kLevels = {
    {{"debug", LogLevel::kDebug},
     {"info", LogLevel::kInfo},
     {"warning", LogLevel::kWarning},
     {"error", LogLevel::kError}}};
constexpr std::array<std::pair<std::string_view, lifecycle::Wish>, 3> kWishes = {
    {{"auto", lifecycle::Wish::kAuto},
     {"off", lifecycle::Wish::kOff},
     {"required", lifecycle::Wish::kRequired}}};
constexpr std::array<std::pair<std::string_view, http::HalfClose>, 2> kHalfCloses = {
    {{"answer", http::HalfClose::kAnswer}, {"abandon", http::HalfClose::kAbandon}}};

serve::SchedulingPolicy ReadPolicy(const std::string& text) {
  for (const serve::SchedulingPolicy policy : serve::kAllSchedulingPolicies) {
    if (ToText(policy) == text) return policy;
  }
  return serve::SchedulingPolicy::kBaton;
}

Error At(std::string_view origin, const std::string& path, const Error& error) {
  return {error.code, std::string(origin) + ": " + path + ": " + error.message, path};
}

ListenAddress ReadAddress(const std::string& text) {
  return ParseListenAddress(text).value_or(ListenAddress{.off = true, .host = "", .port = 0});
}

void TakeListeners(const ServerConfig& values, ServerOptions& server) {
  server.http = ReadAddress(values.listeners().http());
  server.grpc = ReadAddress(values.listeners().grpc());
  server.admin = ReadAddress(values.listeners().admin());
  server.pages = ReadAddress(values.listeners().pages());
}

net::TlsFiles ReadTls(const auto& files) {
  return {files.certificate(), files.key(), files.client_ca()};
}

void TakeTls(const config::v1::Tls& tls, ServerOptions& server) {
  server.http_tls = ReadTls(tls.http());
  server.grpc_tls = ReadTls(tls.grpc());
  server.pages_tls = ReadTls(tls.pages());
  server.admin_tls = ReadTls(tls.admin());
}

// "ci,dashboard".
std::vector<std::string> ReadNames(const std::string& text) {
  std::vector<std::string> names;
  std::istringstream rest(text);
  for (std::string name; std::getline(rest, name, ',');) {
    const std::size_t first = name.find_first_not_of(' ');
    if (first == std::string::npos) continue;
    names.push_back(name.substr(first, name.find_last_not_of(' ') - first + 1));
  }
  return names;
}

void TakeAdmin(const config::v1::Admin& admin, ServerOptions& server) {
  server.admin_door = {admin.socket(), admin.token_file(), ReadNames(admin.viewers()),
                       ReadNames(admin.host_names())};
}

void TakeProcess(const config::v1::Process& process, lifecycle::ProtectionOptions& options) {
  options.seccomp = ReadWord(process.seccomp(), kWishes);
  options.landlock = ReadWord(process.landlock(), kWishes);
  options.outgoing_connections = process.outgoing_connections();
  options.core_dumps = process.core_dumps();
}

// Whoever sends has to connect.
Status TakeTracing(const Configuration& configuration, ServerOptions& server) {
  auto tracing = ReadTracing(configuration);
  if (!tracing) return tl::unexpected<Error>(tracing.error());
  server.tracing = *std::move(tracing);
  if (!server.tracing.endpoint.empty()) server.process.outgoing_connections = true;
  return {};
}

void TakeSizes(const ServerConfig& values, ServerOptions& server) {
  server.workers = static_cast<int>(values.workers());
  server.conductors = values.conductors() == "auto" ? 0 : std::stoi(values.conductors());
  server.backlog = static_cast<int>(values.backlog());
  server.max_connections = static_cast<int>(values.max_connections());
  server.half_close = ReadWord(values.half_close(), kHalfCloses);
  server.default_budget =
      ParseDuration(values.budgets().default_()).value_or(server.default_budget);
  server.max_budget = ParseDuration(values.budgets().max()).value_or(server.max_budget);
  server.scheduling = ReadPolicy(values.policy());
  server.test_endpoints = values.test_endpoints();
  server.user = values.user();
}

void TakeModels(const config::v1::Models& models, ServerOptions& server) {
  server.models = models.folder();
  server.watches_models = models.watch();
  server.allows_model_control = models.allow_client_control();
  server.onnxruntime_library = models.onnxruntime_library();
}

Status TakeLimits(const config::v1::Limits& limits, ServerOptions& server) {
  std::vector<std::string> texts;
  for (const config::FieldDescriptor* const field : config::FieldsOf(*limits.GetDescriptor())) {
    texts.push_back(field->name() + "=" + config::ValueOf(limits, *field));
  }
  return ReadLimitFlags(texts, server.limits);
}

void TakeAccessLog(const config::v1::Log& log, AccessLogOptions& options) {
  options.sampling = yaml::ReadPercent(log.sampling()).value_or(options.sampling);
  options.misses_per_second = log.misses_per_second();
  options.samples_per_second = log.samples_per_second();
}

void TakeLog(const config::v1::Log& log, LogOptions& options) {
  options.format = ReadWord(log.format(), kFormats);
  options.level = ReadWord(log.level(), kLevels);
  options.file = log.file();
  for (const LogModule module : kAllLogModules) {
    const auto* const field =
        log.levels().GetDescriptor()->FindFieldByName(std::string(ToText(module)));
    const std::string level = config::ValueOf(log.levels(), *field);
    const bool has_own = !level.empty() && level != "inherit";
    if (has_own) options.of_module[static_cast<std::size_t>(module)] = ReadWord(level, kLevels);
  }
}

// "batch_max_size" of "--endpoint NAME:batch_max_size".
std::string KeyOf(const config::FieldDescriptor& field) {
  const std::string& flag = config::RulesOf(field).flag();
  return flag.substr(flag.rfind(':') + 1);
}

Status AddSettings(const Message& settings, control::EndpointChange& change) {
  for (const config::FieldDescriptor* const field : config::FieldsOf(*settings.GetDescriptor())) {
    const auto& reflection = *settings.GetReflection();
    if (!reflection.HasField(settings, field)) continue;
    const Status added =
        config::KindOf(*field) == config::Kind::kSection
            ? AddSettings(reflection.GetMessage(settings, field), change)
            : control::AddSetting(KeyOf(*field) + "=" + config::ValueOf(settings, *field), change);
    if (!added) return added;
  }
  return {};
}

void TakeEndpoints(const Configuration& configuration, ServerOptions& server, Mistakes& mistakes) {
  for (const auto& [name, settings] : configuration.values.endpoints()) {
    const std::string path = "endpoints." + name;
    control::EndpointChange& change = server.endpoints[name];
    change.origin = configuration.OriginOf(path);
    const Status added = AddSettings(settings, change);
    if (!added) mistakes.Add(At(change.origin, path, added.error()));
  }
  for (const auto& [name, change] : server.endpoints) {
    const auto policy = PolicyWith(server.BasePolicy(), change);
    if (policy) continue;
    const std::string path = "endpoints." + name;
    const std::string_view exact =
        configuration.OriginOf(config::Joined(path, policy.error().field));
    mistakes.Add(At(exact.empty() ? change.origin : exact, path, policy.error()));
  }
}

void TakeStaticFiles(const Configuration& configuration, ServerOptions& server,
                     Mistakes& mistakes) {
  const auto& given = configuration.values.static_files();
  for (const auto& [prefix, folder] :
       std::map<std::string, std::string>(given.begin(), given.end())) {
    const std::string path = "static_files." + prefix;
    const auto mount = http::ParseStaticMount(std::string(prefix).append("=").append(folder));
    Status checked = mount ? Status() : Status(tl::unexpected<Error>(mount.error()));
    if (mount) {
      server.static_mounts.push_back(*mount);
      checked = http::CheckStaticMounts(server.static_mounts, api::kRoutePrefixes);
    }
    if (checked) continue;
    mistakes.Add(At(configuration.OriginOf(path), path, checked.error()));
    if (mount) server.static_mounts.pop_back();  // the others are looked at by themselves
  }
}

}  // namespace

void TakeLogSettings(const StartOptions& options) {
  SetLogLevels(options.log.levels());
  SetAccessLog(options.access_log);
}

Result<StartOptions> ToStartOptions(const Configuration& configuration) {
  const ServerConfig& values = configuration.values;
  StartOptions options;
  Mistakes mistakes;
  TakeListeners(values, options.server);
  TakeTls(values.tls(), options.server);
  options.server.api_keys = values.api_keys().file();
  TakeAdmin(values.admin(), options.server);
  TakeSizes(values, options.server);
  TakeModels(values.models(), options.server);
  TakeProcess(values.process(), options.server.process);
  mistakes.Add(TakeTracing(configuration, options.server));
  mistakes.Add(TakeLimits(values.limits(), options.server));
  TakeEndpoints(configuration, options.server, mistakes);
  TakeStaticFiles(configuration, options.server, mistakes);
  TakeLog(values.log(), options.log);
  TakeAccessLog(values.log(), options.access_log);
  if (const Status status = mistakes.ToStatus(); !status) {
    return tl::unexpected<Error>(status.error());
  }
  return options;
}

}  // namespace baton::app
