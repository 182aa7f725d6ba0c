// batonctl as its users run it: output, errors and exit codes, against an admin server in this
// process.
#include <arpa/inet.h>
#include <memory>
#include <netinet/in.h>
#include <stdexcept>
#include <string>
#include <sys/socket.h>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

#include "admin/service/admin_server.h"
#include "server/base/fd.h"
#include "server/rpc/call_queue.h"
#include "tests/admin/fake_control_port.h"
#include "tests/admin/subprocess.h"

namespace baton::admin {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::StartsWith;

using Arguments = std::vector<std::string>;

Outcome RunBatonctl(Arguments arguments, const std::vector<std::string>& environment = {}) {
  arguments.insert(arguments.begin(), BATONCTL_PATH);
  return RunProgram(arguments, environment);
}

class BatonctlTest : public ::testing::Test {
 protected:
  BatonctlTest() {
    AdminServer::Options options;
    options.address.port = 0;
    auto started = AdminServer::Start(options, control_, queue_);
    if (!started) throw std::runtime_error(started.error().message);
    server_ = *std::move(started);
    queue_.RunByItself();
    address_ = "127.0.0.1:" + std::to_string(server_->port());
  }

  Outcome Ask(Arguments arguments) {
    arguments.push_back("--server=" + address_);
    return RunBatonctl(std::move(arguments));
  }

  FakeControlPort control_;
  rpc::CallQueue queue_;
  std::unique_ptr<AdminServer> server_;
  std::string address_;
};

TEST_F(BatonctlTest, StatusShowsTheServerAndItsListeners) {
  const Outcome outcome = Ask({"status"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("1.2.3"), HasSubstr("127.0.0.1:8080"),
                                 HasSubstr("size 2, busy 1, idle 1, retiring 0, zombies 1")));
}

TEST_F(BatonctlTest, StatusOfAServerThatIsNotReadyIsUnhealthy) {
  control_.SetReady(false);
  const Outcome outcome = Ask({"status"});
  EXPECT_EQ(outcome.exit_code, 7);
  EXPECT_THAT(outcome.out, HasSubstr("not ready"));
}

TEST_F(BatonctlTest, GetPoolIsATable) {
  const Outcome outcome = Ask({"get", "pool"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.out,
            "SIZE  BUSY  IDLE  RETIRING  ZOMBIES  GENERATION\n"
            "2     1     1     0         1        1\n");
}

TEST_F(BatonctlTest, GetPoolAsJsonHasEveryFieldAsTheSchemaNamesIt) {
  const Outcome outcome = Ask({"get", "pool", "-o", "json"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("\"size\": 2"), HasSubstr("\"retiring\": 0"),
                                 HasSubstr("\"etag\": \"1\"")));
}

TEST_F(BatonctlTest, WhatIsShownAsYamlHasTheNamesOfTheSchema) {
  EXPECT_EQ(Ask({"get", "pool", "-o", "yaml"}).out,
            "name: pool\nsize: 2\nbusy: 1\nidle: 1\nretiring: 0\ngeneration: 1\netag: \"1\"\n"
            "zombies: 1\nchanges: []\n");
  EXPECT_THAT(Ask({"get", "models", "-o", "yaml"}).out,
              HasSubstr("    state: MODEL_VERSION_STATE_READY\n"));
  EXPECT_THAT(
      Ask({"set", "pool", "size=4", "--dry-run", "-o", "yaml"}).out,
      AllOf(StartsWith("before:\n  name: pool\n  size: 2\n"),
            HasSubstr("after:\n  name: pool\n  size: 4\n"), HasSubstr("validate_only: true\n")));
}

TEST_F(BatonctlTest, NamesAreALineEach) {
  EXPECT_EQ(Ask({"get", "endpoints", "-o", "name"}).out,
            "endpoints/digits\nendpoints/reverse\nendpoints/tumour\n");
  EXPECT_EQ(Ask({"get", "models", "-o", "name"}).out, "models/digits\nmodels/tumour\n");
  EXPECT_EQ(Ask({"describe", "pool", "-o", "name"}).out, "pool\n");
  EXPECT_EQ(Ask({"set", "pool", "size=3", "-o", "name"}).out, "pool\n");
}

TEST_F(BatonctlTest, WideHasMoreColumns) {
  EXPECT_THAT(Ask({"get", "endpoints", "-o", "wide"}).out,
              MatchesRegex("NAME .* CRITICALITY +WORKERS +BATCH +FALLBACK +MEDIAN +99% .*\n"
                           "digits .* default +0 to auto +1 +none .*\n"
                           "reverse .*\ntumour .*\n"));
  EXPECT_THAT(Ask({"misses", "-o", "wide"}).out, HasSubstr("PREDICTED_RUN  ADMITTED"));
}

TEST_F(BatonctlTest, DescribeShowsWhatBelongsTogether) {
  EXPECT_THAT(Ask({"describe", "endpoint", "tumour"}).out,
              AllOf(HasSubstr("name             tumour\n"), HasSubstr("\nLast misses:\nTIME "),
                    HasSubstr("expired_running")));
  EXPECT_THAT(Ask({"describe", "endpoint", "reverse"}).out, HasSubstr("\nNo misses.\n"));
  EXPECT_THAT(
      Ask({"describe", "model", "tumour"}).out,
      AllOf(HasSubstr("default version  1\n"), HasSubstr("\nVersions:\nNAME "), HasSubstr("failed"),
            HasSubstr("\nIts endpoint:\nname "), HasSubstr("2 of 7 (28.6 %)")));
  EXPECT_THAT(Ask({"describe", "pool"}).out,
              AllOf(HasSubstr("size        2 workers are wanted\n"),
                    HasSubstr("\nShares of the endpoints:\nENDPOINT ")));
  EXPECT_THAT(Ask({"describe", "model", "tumour", "-o", "json"}).out,
              AllOf(StartsWith("{\n \"model\": {\n"), HasSubstr("\n \"endpoint\": {\n")));
  EXPECT_EQ(Ask({"describe", "model", "nobody"}).exit_code, 4);
}

TEST_F(BatonctlTest, ANameThatIsNotThereComesWithTheOneThatWasMeant) {
  EXPECT_EQ(Ask({"get", "endpoint", "tumor"}).err,
            "batonctl: name: no endpoint \"tumor\"; did you mean tumour?\n");
  EXPECT_THAT(Ask({"set", "endpoint", "tumuor", "max_budget=1s"}).err,
              HasSubstr("did you mean tumour?"));
  EXPECT_THAT(Ask({"load", "digit"}).err, HasSubstr("did you mean digits?"));
}

TEST_F(BatonctlTest, ColourIsForTerminalsUnlessItIsAskedFor) {
  EXPECT_THAT(Ask({"get", "models"}).out, testing::Not(HasSubstr("\x1b")));
  EXPECT_THAT(Ask({"get", "models", "--color", "always"}).out,
              AllOf(HasSubstr("\x1b[32mready\x1b[0m"), HasSubstr("\x1b[31mfailed\x1b[0m")));
}

TEST_F(BatonctlTest, WatchPrintsALineOfFiguresForEachLook) {
  const Outcome outcome = Ask({"watch", "--count", "2", "--interval", "100ms"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, MatchesRegex("TIME +GOODPUT/S +OFFERED/S .*\n"
                                        "[0-9:]+ +0.0 +0.0 .*\n[0-9:]+ +0.0 +0.0 .*\n"));
  EXPECT_THAT(Ask({"watch", "--count", "1", "--interval", "100ms", "-o", "json"}).out,
              MatchesRegex("\\{\"goodput_per_second\":0.0,.*\"pool_size\":2,.*\\}\n"));
}

TEST_F(BatonctlTest, TopOnceIsOnePicture) {
  const Outcome outcome = Ask({"top", "--once", "--interval", "100ms"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, AllOf(StartsWith("server   " + address_ + "  ready"),
                                 HasSubstr("1 of 2 busy"), HasSubstr("\nENDPOINT ")));
}

TEST_F(BatonctlTest, GetEndpointsListsThemByName) {
  const Outcome outcome = Ask({"get", "endpoints"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, MatchesRegex("NAME +KIND +VERSIONS +BUDGET .*\n"
                                        "digits +model +1 +50ms +10s .*\n"
                                        "reverse +route +- .*\n"
                                        "tumour +model +1,2 .*\n"));
}

TEST_F(BatonctlTest, GetEndpointShowsOne) {
  const Outcome outcome = Ask({"get", "endpoint", "tumour", "-o", "json"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("\"name\": \"endpoints/tumour\""),
                                 HasSubstr("\"default_budget_ms\": 50")));
}

TEST_F(BatonctlTest, GetEndpointIsATableOfAllThatIsKnown) {
  const Outcome outcome = Ask({"get", "endpoint", "tumour"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.out,
            "name             tumour\n"
            "kind             model\n"
            "versions         1,2\n"
            "default_budget   50ms\n"
            "max_budget       10s\n"
            "slo_target       99%\n"
            "criticality      default\n"
            "max_workers      0 (the server's choice)\n"
            "min_workers      0\n"
            "batch_max_size   1\n"
            "batch_max_delay  0us\n"
            "fallback         none\n"
            "run time         mean 1.5ms, median 1.4ms, 95 % 2.25ms, 99 % 3ms, of 64 runs\n"
            "predicted wait   750us\n"
            "may queue        yes\n"
            "requests         7\n"
            "misses           2\n"
            "in flight        1\n"
            "generation       1\n");
  EXPECT_THAT(Ask({"get", "endpoint", "digits"}).out,
              AllOf(HasSubstr("run time         nothing known yet\n"),
                    HasSubstr("may queue        not before more is known\n")));
}

TEST_F(BatonctlTest, SetEndpointTakesEveryKindOfSetting) {
  const Outcome outcome =
      Ask({"set", "endpoint", "tumour", "slo_target=99.9%", "criticality=sheddable",
           "max_workers=2", "min_workers=1", "batch_max_size=8", "batch_max_delay=1.5ms"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.out,
            "tumour slo_target: 99% -> 99.9%\n"
            "tumour criticality: default -> sheddable\n"
            "tumour max_workers: 0 -> 2\n"
            "tumour min_workers: 0 -> 1\n"
            "tumour batch_max_size: 1 -> 8\n"
            "tumour batch_max_delay: 0us -> 1.5ms\n");
  EXPECT_EQ(control_.GetEndpoint("tumour")->slo_target, 0.999);
  EXPECT_EQ(control_.GetEndpoint("tumour")->criticality, "sheddable");
  EXPECT_EQ(control_.GetEndpoint("tumour")->batch.max_delay, Duration(1'500us));
}

TEST_F(BatonctlTest, AFallbackIsMadeOfTheOneInForceAndWhatWasNamed) {
  const Outcome outcome =
      Ask({"set", "endpoint", "tumour", "fallback=last_good", "fallback_max_age=5s"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.out,
            "tumour fallback: none -> last_good\n"
            "tumour fallback_key_header: - -> Baton-Key\n"
            "tumour fallback_max_age: - -> 5s\n"
            "tumour fallback_max_bytes: - -> 8MiB\n");
  EXPECT_EQ(Ask({"set", "endpoint", "tumour", "fallback_max_bytes=16MiB"}).exit_code, 0);
  const control::FallbackSettings now = control_.GetEndpoint("tumour")->fallback;
  EXPECT_EQ(now.kind, "last_good");
  EXPECT_EQ(now.max_age, Duration(5s));
  EXPECT_EQ(now.max_bytes, 16U << 20);
}

TEST_F(BatonctlTest, AFallbackThatLacksWhatItNeedsIsWrongUsageAndChangesNothing) {
  const Outcome outcome = Ask({"set", "endpoint", "tumour", "fallback=constant"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_EQ(
      outcome.err,
      "batonctl: fallback: constant needs fallback_constant=JSON too, and there is none yet\n");
  EXPECT_EQ(control_.GetEndpoint("tumour")->fallback.kind, "none");
  EXPECT_EQ(Ask({"set", "endpoint", "tumour", "fallback=model", "fallback_model=digits"}).out,
            "tumour fallback: none -> model\n"
            "tumour fallback_model: - -> digits\n");
}

TEST_F(BatonctlTest, MissesAreATableWithWhereTheTimeWent) {
  const Outcome outcome = Ask({"misses"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.out,
            "TIME                      ENDPOINT  ANSWER   CAUSE            BUDGET  PREDICTED_WAIT  "
            "ANSWERED  QUEUE  RUN\n"
            "2023-11-14T22:13:20.123Z  tumour    timeout  expired_running  50ms    2ms             "
            "45ms      10ms   34.9ms\n"
            "2023-11-14T22:13:20.000Z  digits    refused  no_time          20ms    30ms            "
            "250us     -      -\n");
}

TEST_F(BatonctlTest, MissesCanBeOfOneEndpointFewAndExact) {
  const Outcome digits = Ask({"misses", "--endpoint", "digits", "-o", "json"});
  EXPECT_EQ(digits.exit_code, 0) << digits.err;
  EXPECT_THAT(digits.out,
              AllOf(HasSubstr("\"endpoint\": \"endpoints/digits\""),
                    HasSubstr("\"answered_ms\": 0.25"), HasSubstr("\"request_id\": \"41\""),
                    testing::Not(HasSubstr("admitted_ms")), testing::Not(HasSubstr("tumour"))));
  EXPECT_THAT(Ask({"misses", "--limit", "1"}).out, testing::Not(HasSubstr("digits")));
  EXPECT_EQ(Ask({"misses", "--endpoint", "nobody"}).exit_code, 4);
}

TEST_F(BatonctlTest, ResetEstimatorForgetsAndSaysSo) {
  const Outcome outcome = Ask({"reset", "estimator", "tumour"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "tumour: estimates forgotten, it learns from what follows\n");
  EXPECT_EQ(control_.GetEndpoint("tumour")->estimate.samples, 0U);
  EXPECT_THAT(Ask({"reset", "estimator", "tumour", "-o", "json"}).out, HasSubstr("\"cold\": true"));
  EXPECT_EQ(Ask({"reset", "estimator", "nobody"}).exit_code, 4);
}

TEST_F(BatonctlTest, AnUnknownEndpointIsNotFound) {
  const Outcome outcome = Ask({"get", "endpoint", "nobody"});
  EXPECT_EQ(outcome.exit_code, 4);
  EXPECT_EQ(outcome.err, "batonctl: name: no endpoint \"nobody\"\n");
  EXPECT_EQ(Ask({"set", "endpoint", "nobody", "max_budget=1s"}).exit_code, 4);
}

TEST_F(BatonctlTest, SetPoolShowsBeforeAndAfter) {
  const Outcome outcome = Ask({"set", "pool", "size=4"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "pool size: 2 -> 4\n");
  EXPECT_EQ(control_.GetPool().size, 4);
}

TEST_F(BatonctlTest, SetEndpointChangesWhatWasNamed) {
  const Outcome outcome =
      Ask({"set", "endpoint", "tumour", "default_budget=40ms", "max_budget=0.2s"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.out,
            "tumour default_budget: 50ms -> 40ms\n"
            "tumour max_budget: 10s -> 200ms\n");
  EXPECT_EQ(control_.GetEndpoint("tumour")->default_budget, 40ms);
  EXPECT_EQ(control_.GetEndpoint("tumour")->max_budget, 200ms);
}

TEST_F(BatonctlTest, ADryRunChangesNothing) {
  const Outcome outcome = Ask({"set", "pool", "size=4", "--dry-run"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "pool size: 2 -> 4 (dry run, nothing changed)\n");
  EXPECT_EQ(control_.GetPool().size, 2);
}

TEST_F(BatonctlTest, ASetAsJsonHasBothStates) {
  const Outcome outcome = Ask({"set", "pool", "size=4", "-o", "json"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  const std::size_t after = outcome.out.find("\n \"after\": {\n  \"name\": \"pool\"");
  ASSERT_NE(after, std::string::npos) << outcome.out;
  EXPECT_THAT(outcome.out.substr(0, after),
              AllOf(StartsWith("{\n \"before\": {\n"), HasSubstr("\"size\": 2")));
  EXPECT_THAT(outcome.out.substr(after),
              AllOf(HasSubstr("\"size\": 4"), HasSubstr("\n \"validate_only\": false\n}\n")));
}

TEST_F(BatonctlTest, ARefusalNamesTheField) {
  const Outcome outcome = Ask({"set", "pool", "size=0"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.out, IsEmpty());
  EXPECT_EQ(outcome.err, "batonctl: pool.size: expected 1 to 1024, got 0\n");
}

TEST_F(BatonctlTest, AStaleEtagIsAConflict) {
  const Outcome outcome = Ask({"set", "pool", "size=4", "--etag", "9"});
  EXPECT_EQ(outcome.exit_code, 5);
  EXPECT_THAT(outcome.err, HasSubstr("the current one is 1"));
  EXPECT_EQ(Ask({"set", "pool", "size=4", "--etag", "1"}).exit_code, 0);
}

TEST_F(BatonctlTest, TheServerMayComeFromTheEnvironment) {
  const Outcome outcome = RunBatonctl({"get", "pool"}, {"BATON_ADMIN=" + address_});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
}

TEST_F(BatonctlTest, AProxyOfTheEnvironmentIsNotUsed) {
  const Outcome outcome = RunBatonctl({"get", "pool", "--server", address_},
                                      {"http_proxy=http://127.0.0.1:1", "no_proxy="});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
}

// A port that was free a moment ago, and one where somebody listens and never says a word.
struct SilentListener {
  SilentListener() : fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    socklen_t length = sizeof(address);
    if (::bind(fd.get(), generic, length) != 0 || ::listen(fd.get(), 8) != 0 ||
        ::getsockname(fd.get(), generic, &length) != 0) {
      throw std::runtime_error("no port to listen on");
    }
    text = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  }
  UniqueFd fd;
  std::string text;
};

TEST(BatonctlErrorsTest, NoServerThereIsUnreachable) {
  SilentListener listener;
  listener.fd.Reset();
  const Outcome outcome = RunBatonctl({"status", "--server", listener.text});
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_THAT(outcome.out, IsEmpty());
  EXPECT_EQ(outcome.err, "batonctl: cannot reach " + listener.text +
                             ": connection refused (is baton-server running? its admin address is "
                             "on its ready line)\n");
}

TEST(BatonctlErrorsTest, AServerThatSaysNothingTimesOut) {
  const SilentListener listener;
  const Outcome outcome = RunBatonctl({"status", "--server", listener.text, "--timeout", "100ms"});
  EXPECT_EQ(outcome.exit_code, 6);
  EXPECT_EQ(outcome.err, "batonctl: no answer from " + listener.text + " within 100ms\n");
}

TEST(BatonctlErrorsTest, UsageErrorsSayWhatIsWrongAndSendNothing) {
  const std::vector<std::pair<Arguments, std::string>> table = {
      {{}, "subcommand is required"},
      {{"frob"}, "unknown command 'frob' of batonctl\n"},
      {{"statsu"}, "unknown command 'statsu' of batonctl; did you mean status?"},
      {{"get", "frob"}, "unknown command 'frob' of batonctl get\n"},
      {{"get", "pool", "--tiemout", "1s"},
       "unknown option '--tiemout' of batonctl get pool; did you mean --timeout?"},
      {{"get", "endpoint"}, "name is required"},
      {{"status", "-o", "xml"}, "xml not in {table,wide,json,yaml,name}"},
      {{"status", "--server", "nowhere"}, "--server: expected HOST:PORT"},
      {{"status", "--server", "h:0"}, "--server: expected HOST:PORT"},
      {{"status", "--timeout", "soon"}, "--timeout: 'soon' is no duration"},
      {{"status", "--timeout", "0s"}, "--timeout: expected more than 0, got '0s'"},
      {{"set", "pool"}, "settings is required"},
      {{"set", "pool", "size"}, "expected KEY=VALUE (such as size=...), got 'size'"},
      {{"set", "pool", "sise=4"},
       "unknown setting 'sise' of pool: expected one of size; did you mean size?"},
      {{"set", "pool", "colour=4"}, "unknown setting 'colour' of pool: expected one of size\n"},
      {{"set", "pool", "size=4", "size=5"}, "size: given twice, expected once"},
      {{"set", "pool", "size=four"}, "size: expected a whole number, got 'four'"},
      {{"set", "pool", "size=99999999999"}, "size: expected a whole number, got '99999999999'"},
      {{"set", "endpoint", "tumour", "max_budgt=1s"}, "did you mean max_budget?"},
      {{"set", "endpoint", "tumour", "max_budget=40"}, "max_budget: '40' is no duration"},
      {{"set", "endpoint", "tumour", "criticality=urgent"}, "expected one of critical, default"},
      {{"set", "endpoint", "tumour", "fallback_max_bytes=8MB"}, "'8MB' is no size"},
      {{"reset"}, "subcommand is required"},
      {{"reset", "frob"}, "unknown command 'frob' of batonctl reset\n"},
      {{"status", "-o", "name"}, "-o name: what this shows has no names"},
      {{"status", "--color", "blue"}, "blue not in {auto,always,never}"},
      {{"watch", "--interval", "1ms"}, "--interval: expected at least 100ms, got '1ms'"},
      {{"watch", "--count", "-1"}, "--count"},
      {{"top"}, "top needs a terminal; --once prints one frame"},
      {{"context", "set", "a b", "--server", "h:1"}, "expected the name of a context"},
      {{"completion", "tcsh"}, "tcsh not in {bash,zsh,fish}"},
      {{"misses", "--limit", "0"}, "--limit"},
      {{"misses", "--limit", "1025"}, "--limit"}};
  for (const auto& [arguments, part] : table) {
    const Outcome outcome = RunBatonctl(arguments);
    EXPECT_EQ(outcome.exit_code, 2) << part;
    EXPECT_THAT(outcome.err, HasSubstr(part));
    EXPECT_THAT(outcome.out, IsEmpty()) << part;
  }
}

TEST(BatonctlErrorsTest, HelpAndVersionAreNoErrors) {
  const Outcome help = RunBatonctl({"--help"});
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_THAT(help.out, AllOf(HasSubstr("Examples:"), HasSubstr("batonctl set pool size=4"),
                              HasSubstr("Exit codes:")));
  EXPECT_THAT(RunBatonctl({"set", "endpoint", "--help"}).out,
              AllOf(HasSubstr("criticality=WORD"), HasSubstr("fallback_max_bytes=SIZE")));
  const Outcome version = RunBatonctl({"--version"});
  EXPECT_EQ(version.exit_code, 0);
  EXPECT_THAT(version.out, StartsWith("batonctl "));
}

}  // namespace
}  // namespace baton::admin
