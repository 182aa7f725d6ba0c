// What an operator wrote reaches the server, and what the schema does not know of is told as well.
#include "server/app/start_options.h"

#include <algorithm>
#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/base/duration_text.h"
#include "server/config/file_layer.h"
#include "server/config/settings.h"
#include "server/control/endpoint_settings.h"
#include "server/models/configured_settings.h"
#include "tests/support/temporary_folder.h"

namespace baton::app {
namespace {

using testing::HasSubstr;

Result<StartOptions> Read(const std::string& text) {
  const auto read = config::ReadText(text, "b.yaml");
  EXPECT_TRUE(read) << (read ? "" : read.error().message);
  config::Configuration whole = config::Defaults();
  if (read) config::Overlay(*read, whole);
  return ToStartOptions(whole);
}

ServerOptions Taken(const std::string& text) {
  auto options = Read(text);
  EXPECT_TRUE(options) << (options ? "" : options.error().message);
  return options ? options->server : ServerOptions();
}

std::string Refused(const std::string& text) {
  const auto options = Read(text);
  EXPECT_FALSE(options);
  return options ? "" : options.error().message;
}

TEST(StartOptionsTest, FileOfApiKeysIsTaken) {
  EXPECT_EQ(Taken("").api_keys, "");
  EXPECT_EQ(Taken("api_keys: {file: /etc/keys.yaml}\n").api_keys, "/etc/keys.yaml");
}

TEST(StartOptionsTest, DefaultsOfTheSchemaAreThoseOfTheServer) {
  const ServerOptions expected;
  const ServerOptions taken = Taken("");
  EXPECT_EQ(taken.http.ToText(), expected.http.ToText());
  EXPECT_EQ(taken.grpc.ToText(), expected.grpc.ToText());
  EXPECT_EQ(taken.admin.ToText(), expected.admin.ToText());
  EXPECT_EQ(taken.pages.ToText(), expected.pages.ToText());
  EXPECT_EQ(taken.workers, expected.workers);
  EXPECT_EQ(taken.conductors, expected.conductors);
  EXPECT_EQ(taken.backlog, expected.backlog);
  EXPECT_EQ(taken.max_connections, expected.max_connections);
  EXPECT_EQ(taken.half_close, expected.half_close);
  EXPECT_EQ(taken.default_budget, expected.default_budget);
  EXPECT_EQ(taken.max_budget, expected.max_budget);
  EXPECT_EQ(taken.scheduling, expected.scheduling);
  EXPECT_EQ(taken.models, expected.models);
  EXPECT_EQ(taken.watches_models, expected.watches_models);
  EXPECT_EQ(taken.allows_model_control, expected.allows_model_control);
  EXPECT_EQ(taken.onnxruntime_library, expected.onnxruntime_library);
  EXPECT_EQ(taken.test_endpoints, expected.test_endpoints);
  EXPECT_EQ(taken.user, expected.user);
  EXPECT_EQ(taken.process.seccomp, expected.process.seccomp);
  EXPECT_EQ(taken.process.landlock, expected.process.landlock);
  EXPECT_EQ(taken.process.core_dumps, expected.process.core_dumps);
  EXPECT_EQ(taken.process.outgoing_connections, expected.process.outgoing_connections);
  EXPECT_EQ(Read("")->log.format, LogOptions().format);
  EXPECT_EQ(Read("")->log.level, LogOptions().level);
}

TEST(StartOptionsTest, EveryValueReachesItsPlace) {
  const testing_support::TemporaryFolder folder;
  const auto options = Read(
      "listeners: {http: '127.0.0.1:1', grpc: '127.0.0.1:2', admin: '127.0.0.1:3', pages: off}\n"
      "workers: 5\nconductors: 6\nbacklog: 7\nmax_connections: 8\nhalf_close: abandon\n"
      "budgets: {default: 9ms, max: 10ms}\npolicy: edf\n"
      "models: {folder: /m, watch: true, allow_client_control: true, onnxruntime_library: /o}\n"
      "endpoints: {e: {slo_target: 99.9%, max_workers: 4, batch: {max_size: 3},\n"
      "  fallback: {kind: last_good}}}\n"
      "limits: {json_depth: 12}\nstatic_files: {/s: " +
      folder.path().string() +
      "}\n"
      "tls: {grpc: {certificate: c, key: k}, admin: {certificate: d, key: l, client_ca: a}}\n"
      "admin: {socket: /s, token_file: /t, viewers: 'ci, dash board,,x '}\n"
      "test_endpoints: true\nuser: somebody\nlog: {format: json, level: error}\n");
  ASSERT_TRUE(options) << options.error().message;
  const ServerOptions& server = options->server;
  EXPECT_EQ(server.http.port, 1);
  EXPECT_EQ(server.grpc.port, 2);
  EXPECT_EQ(server.admin.port, 3);
  EXPECT_TRUE(server.pages.off);
  EXPECT_EQ(server.grpc_tls.certificate, "c");
  EXPECT_EQ(server.grpc_tls.key, "k");
  EXPECT_EQ(server.admin_tls.client_ca, "a");
  EXPECT_EQ(server.admin_door.socket, "/s");
  EXPECT_EQ(server.admin_door.token_file, "/t");
  EXPECT_EQ(server.admin_door.viewers, (std::vector<std::string>{"ci", "dash board", "x"}));
  EXPECT_EQ(server.workers, 5);
  EXPECT_EQ(server.conductors, 6);
  EXPECT_EQ(server.backlog, 7);
  EXPECT_EQ(server.max_connections, 8);
  EXPECT_EQ(server.half_close, http::HalfClose::kAbandon);
  EXPECT_EQ(server.default_budget, Duration(9ms));
  EXPECT_EQ(server.max_budget, Duration(10ms));
  EXPECT_EQ(server.scheduling, serve::SchedulingPolicy::kEdf);
  EXPECT_EQ(server.models, "/m");
  EXPECT_TRUE(server.watches_models);
  EXPECT_TRUE(server.allows_model_control);
  EXPECT_EQ(server.onnxruntime_library, "/o");
  EXPECT_EQ(server.endpoints.at("e").update.slo_target, 0.999);
  EXPECT_EQ(server.endpoints.at("e").update.max_workers, 4);
  EXPECT_EQ(server.endpoints.at("e").update.batch_max_size, 3);
  EXPECT_EQ(server.endpoints.at("e").fallback.kind, "last_good");
  EXPECT_EQ(server.limits.json_depth, 12u);
  EXPECT_EQ(server.static_mounts.at(0).prefix, "/s");
  EXPECT_TRUE(server.test_endpoints);
  EXPECT_EQ(server.user, "somebody");
  EXPECT_EQ(options->log.format, LogOptions::Format::kJson);
  EXPECT_EQ(options->log.level, LogLevel::kError);
}

TEST(StartOptionsTest, EveryModuleOfTheLogHasALevelOfItsOwnOrTheCommonOne) {
  for (const LogModule module : kAllLogModules) {
    const auto options =
        Read("log: {level: error, levels: {" + std::string(ToText(module)) + ": debug}}\n");
    ASSERT_TRUE(options) << options.error().message;
    for (const LogModule other : kAllLogModules) {
      EXPECT_EQ(options->log.levels().Of(other),
                other == module ? LogLevel::kDebug : LogLevel::kError);
    }
  }
  const auto inherits = Read("log: {level: error, levels: {net: inherit}}\n");
  ASSERT_TRUE(inherits);
  EXPECT_EQ(inherits->log.levels().Of(LogModule::kNet), LogLevel::kError);
}

TEST(StartOptionsTest, WhatIsLoggedOfRequestsReachesItsPlace) {
  const auto options = Read(
      "log: {file: /var/log/b/l, sampling: 2.5%, misses_per_second: 3, samples_per_second: 4}\n");
  ASSERT_TRUE(options) << options.error().message;
  EXPECT_EQ(options->log.file, "/var/log/b/l");
  EXPECT_DOUBLE_EQ(options->access_log.sampling, 0.025);
  EXPECT_EQ(options->access_log.misses_per_second, 3U);
  EXPECT_EQ(options->access_log.samples_per_second, 4U);
  const auto defaults = Read("");
  EXPECT_EQ(defaults->access_log.sampling, AccessLogOptions().sampling);
  EXPECT_EQ(defaults->access_log.misses_per_second, AccessLogOptions().misses_per_second);
  EXPECT_EQ(defaults->access_log.samples_per_second, AccessLogOptions().samples_per_second);
}

TEST(StartOptionsTest, WhatTheProcessGivesUpReachesItsPlace) {
  const lifecycle::ProtectionOptions process =
      Taken(
          "process: {seccomp: required, landlock: off, outgoing_connections: true, "
          "core_dumps: true}\n")
          .process;
  EXPECT_EQ(process.seccomp, lifecycle::Wish::kRequired);
  EXPECT_EQ(process.landlock, lifecycle::Wish::kOff);
  EXPECT_TRUE(process.outgoing_connections);
  EXPECT_TRUE(process.core_dumps);
}

TEST(StartOptionsTest, WhatTheSchemaDoesNotKnowIsToldAtOnceWithItsPlace) {
  const std::string refused = Refused(
      "endpoints:\n"
      "  a: {default_budget: 20s}\n"
      "  b: {fallback: {kind: constant}}\n"
      "  c: {min_workers: 3, max_workers: 2}\n"
      "  d: {fallback: {kind: constant, constant: 'no json'}}\n"
      "static_files: {/gone: /gone, v2: /}\n");
  for (const char* const part :
       {"b.yaml:2:23: endpoints.a: default_budget is 20s", "endpoints.b: fallback: constant needs",
        "endpoints.c: ", "endpoints.d: ", "b.yaml:6:23: static_files./gone: ",
        "expected a folder that is there", "static_files.v2: "}) {
    EXPECT_THAT(refused, HasSubstr(part));
  }
}

std::string AsHelpShows(const std::string& text) {
  const auto duration = ParseDuration(text);
  return duration ? FormatDuration(*duration) : text;
}

// The table of --limit and the schema are two texts of the same.
TEST(StartOptionsTest, LimitsHaveTheDefaultsAndRangesOfTheSchema) {
  const std::string help = LimitsHelp();
  std::size_t limits = 0;
  for (const config::KnownSetting& setting : config::AllSettings()) {
    if (!setting.path.starts_with("limits.")) continue;
    ++limits;
    const config::v1::Setting& rules = config::RulesOf(*setting.field);
    const std::string start = "  " + setting.field->name() + "=";
    const std::size_t at = ("\n" + help).find("\n" + start);
    ASSERT_NE(at, std::string::npos) << setting.path;
    const std::string line = help.substr(at, help.find('\n', at) - at);
    EXPECT_THAT(line,
                HasSubstr("(default " + AsHelpShows(rules.default_value()) + ", " +
                          AsHelpShows(rules.least()) + " to " + AsHelpShows(rules.most()) + ")"));
  }
  EXPECT_EQ(limits, static_cast<std::size_t>(std::count(help.begin(), help.end(), '\n')));
}

TEST(StartOptionsTest, SettingsOfAnEndpointAreThoseOfFlagsAndOfConfigYaml) {
  std::set<std::string> flags;
  std::set<std::string> paths;
  const std::string flag = "--endpoint NAME:";
  const std::string path = "endpoints.NAME.";
  for (const config::KnownSetting& setting : config::AllSettings()) {
    if (!setting.path.starts_with(path)) continue;
    paths.insert(setting.path.substr(path.size()));
    flags.insert(config::RulesOf(*setting.field).flag().substr(flag.size()));
  }
  const auto keys = control::EndpointKeys();
  EXPECT_EQ(flags, std::set<std::string>(keys.begin(), keys.end()));
  const auto in_file = models::SettingPaths();
  EXPECT_EQ(paths, std::set<std::string>(in_file.begin(), in_file.end()));
}

}  // namespace
}  // namespace baton::app
