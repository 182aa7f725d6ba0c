// baton-client as a script sees it: exit codes, outputs, errors.
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>
#include <signal.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/lib/samples.h"
#include "tests/client/program.h"
#include "tests/client/scripted_server.h"

namespace baton::client {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

ProgramResult RunClient(std::vector<std::string> arguments, const std::string& input = "") {
  return Program(BATON_CLIENT_PATH, std::move(arguments), input).Wait();
}

// A server that gives one and the same answer and keeps the last request.
class OneAnswer {
 public:
  explicit OneAnswer(Reply reply)
      : server_([this, reply = std::move(reply)](std::size_t, const std::string& request) {
          MutexLock lock(mutex_);
          last_ = request;
          return reply;
        }) {}

  std::string address() const { return server_.address(); }
  std::string last() {
    MutexLock lock(mutex_);
    return last_;
  }

 private:
  Mutex mutex_;
  std::string last_ BATON_GUARDED_BY(mutex_);
  ScriptedServer server_;
};

Reply Answer(int status, const std::string& answer, const std::string& body = "{}") {
  return Reply{HttpText(status, {"Baton-Answer: " + answer, "Baton-Budget-Ms: 50"}, body)};
}

int InferExitCode(const Reply& reply) {
  OneAnswer server(reply);
  return RunClient({"infer", "--server", server.address(), "--path", "/x", "--data", "{}"})
      .exit_code;
}

TEST(InferCommandTest, ExitCodesTellAnswersApart) {
  EXPECT_EQ(InferExitCode(Answer(200, "prediction")), 0);
  EXPECT_EQ(InferExitCode(Answer(200, "fallback")), 0);
  EXPECT_EQ(InferExitCode(Reply{HttpText(204, {}, "")}), 0);
  EXPECT_EQ(InferExitCode(Answer(503, "refused")), 1);
  EXPECT_EQ(InferExitCode(Answer(504, "timeout")), 1);
  EXPECT_EQ(InferExitCode(Answer(500, "error")), 1);
  EXPECT_EQ(InferExitCode(Answer(400, "invalid")), 1);
  EXPECT_EQ(InferExitCode(Answer(404, "invalid")), 4);
  EXPECT_EQ(InferExitCode(Reply{"", Reply::Then::kReset}), 3);
  EXPECT_EQ(InferExitCode(Reply{"nonsense\r\n\r\n", Reply::Then::kClose}), 3);
}

TEST(InferCommandTest, SendsTheSampleOfAModelWithItsBudget) {
  OneAnswer server(Answer(200, "prediction", R"({"outputs":[{"name":"label","data":[1,2]}]})"));
  const ProgramResult result =
      RunClient({"infer", "--server", server.address(), "--model", "tumour", "--version", "2",
                 "--sample", "--budget", "1.5ms", "--explain", "--header", "X-Tenant: a"});
  EXPECT_EQ(result.exit_code, 0) << result.error;
  EXPECT_THAT(result.out, AllOf(StartsWith("prediction 200 in "), HasSubstr(" of 50 ms\n"),
                                HasSubstr("\"data\": [1, 2]")));
  EXPECT_THAT(
      server.last(),
      AllOf(StartsWith("POST /v2/models/tumour/versions/2/infer HTTP/1.1\r\n"),
            HasSubstr("\r\nHost: " + server.address() + "\r\n"),
            HasSubstr("\r\nBaton-Budget-Ms: 1.5\r\n"), HasSubstr("\r\nBaton-Explain: 1\r\n"),
            HasSubstr("\r\nX-Tenant: a\r\n"), HasSubstr(std::string(*FindSample("tumour")))));
}

TEST(InferCommandTest, ShowsCauseStagesAndWhenToRetry) {
  OneAnswer server(Reply{HttpText(503,
                                  {"Baton-Answer: refused", "Baton-Cause: no_time",
                                   "Retry-After: 2", "Server-Timing: read;dur=0.1, queue;dur=0.05"},
                                  R"({"error":"too late"})")});
  const ProgramResult result =
      RunClient({"infer", "--server", server.address(), "--path", "/reverse", "--data", "{}"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.out, AllOf(HasSubstr("refused 503 in "), HasSubstr(", cause no_time"),
                                HasSubstr(", retry after 2 s\n"),
                                HasSubstr("stages: read 0.1 ms, queue 0.05 ms\n"),
                                HasSubstr("\"error\": \"too late\"")));
}

TEST(InferCommandTest, JsonIsOneObjectWithTheBodyInside) {
  OneAnswer server(Answer(200, "prediction", R"({"data":"x"})"));
  const ProgramResult result = RunClient(
      {"infer", "--server", server.address(), "--path", "/reverse", "--data", "{}", "-o", "json"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.out,
              AllOf(StartsWith(R"({"answer":"prediction","status":200,"cause":null,)"),
                    HasSubstr(R"("budget_ms":50,)"), HasSubstr("\"body\":{\"data\":\"x\"}}\n")));
}

TEST(InferCommandTest, ABodyThatIsNoJsonIsAStringInJson) {
  OneAnswer server(Answer(200, "prediction", "not {json"));
  const ProgramResult result =
      RunClient({"infer", "--server", server.address(), "--path", "/hello", "-o", "json"});
  EXPECT_THAT(result.out, HasSubstr(R"("body":"not {json"})"));
  EXPECT_THAT(server.last(), StartsWith("GET /hello HTTP/1.1\r\n"));
}

TEST(InferCommandTest, ReadsBodiesFromStandardInputAndFiles) {
  OneAnswer server(Answer(200, "prediction"));
  const std::vector<std::string> base = {"infer", "--server", server.address(), "--path", "/r"};
  std::vector<std::string> arguments = base;
  arguments.insert(arguments.end(), {"--file", "-"});
  EXPECT_EQ(RunClient(arguments, "from a pipe").exit_code, 0);
  EXPECT_THAT(server.last(), testing::EndsWith("\r\n\r\nfrom a pipe"));

  const std::string file = testing::TempDir() + "/body." + std::to_string(::getpid());
  std::ofstream(file) << "from a file";
  arguments.back() = file;
  EXPECT_EQ(RunClient(arguments).exit_code, 0);
  EXPECT_THAT(server.last(), testing::EndsWith("\r\n\r\nfrom a file"));
  std::remove(file.c_str());

  const ProgramResult missing = RunClient(arguments);
  EXPECT_EQ(missing.exit_code, 2);
  EXPECT_THAT(missing.error, HasSubstr("cannot read '" + file + "': No such file"));
}

TEST(InferCommandTest, NobodyListeningIsExitThreeWithTheReason) {
  const std::string address = "127.0.0.1:" + std::to_string(UnusedPort());
  const ProgramResult result = RunClient({"infer", "--server", address, "--path", "/hello"});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_EQ(result.error, "baton-client: cannot connect to " + address + ": Connection refused\n");
  EXPECT_EQ(result.out, "");
}

TEST(InferCommandTest, NoAnswerWithinTheTimeoutIsExitSix) {
  OneAnswer server(Reply{});
  const ProgramResult result =
      RunClient({"infer", "--server", server.address(), "--path", "/hello", "--timeout", "20ms"});
  EXPECT_EQ(result.exit_code, 6);
  EXPECT_THAT(result.error, HasSubstr("within the timeout of 20ms"));
}

TEST(CommandLineTest, UsageErrorsAreExitTwoAndNameTheFlag) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{}, "subcommand"},
      {{"sing"}, "sing"},
      {{"infer"}, "--model NAME or --path PATH"},
      {{"infer", "--model", "tumour"}, "--model needs a body"},
      {{"infer", "--sample", "--path", "/x"}, "--sample needs --model"},
      {{"infer", "--model", "other", "--sample"}, "no row for model 'other'"},
      {{"infer", "--model", "a", "--path", "/x"}, "--path"},
      {{"infer", "--path", "x"}, "'x' is no path"},
      {{"infer", "--path", "/x", "--budget", "50"}, "'50' is no duration"},
      {{"infer", "--path", "/x", "--timeout", "soon"}, "'soon' is no duration"},
      {{"infer", "--path", "/x", "--header", "novalue"}, "'novalue' is no header"},
      {{"infer", "--path", "/x", "--server", "nowhere"}, "'nowhere' is no server address"},
      {{"infer", "--path", "/x", "--data", "a", "--file", "b"}, "--data"},
      {{"infer", "--path", "/x", "-o", "xml"}, "--output"},
      {{"load", "--path", "/x", "--rate", "fast"}, "--rate"},
      {{"load", "--path", "/x", "--rate", "0"}, "--rate: expected more than 0"},
      {{"load", "--path", "/x", "--rate", "-5"}, "--rate: expected more than 0"},
      {{"load", "--path", "/x", "--duration", "11m"}, "--duration: expected"},
      {{"load", "--path", "/x", "--duration", "10"}, "'10' is no duration"},
      {{"load", "--path", "/x", "--connections", "0"}, "--connections: expected 1 to"},
      {{"load", "--path", "/x", "--schedule", "often"}, "--schedule"},
      {{"load", "--path", "/x", "--closed", "--rate", "5"}, "--closed"},
      {{"load", "--path", "/x", "--pipeline", "2"}, "--closed"},
      {{"load", "--path", "/x", "--closed", "--pipeline", "0"}, "--pipeline: expected 1 to 256"},
      {{"load", "--path", "/x", "--new-connections"}, "--closed"},
      {{"load", "--path", "/x", "--closed", "--new-connections", "--pipeline", "2"}, "--pipeline"},
      {{"load", "--path", "/x", "--server", "192.0.2.1:80"}, "--allow-remote"},
      {{"demo"}, "subcommand"},
      {{"demo", "overload", "--factors", "1,fast"}, "--factors: expected"},
      {{"demo", "overload", "--seconds", "0"}, "--seconds: expected"},
      {{"demo", "overload", "--warmup", "11m"}, "--warmup: expected"},
      {{"demo", "overload", "--repeat", "0"}, "--repeat: expected"},
      {{"demo", "overload", "--budget", "0s"}, "--budget: expected"},
      {{"demo", "overload", "--capacity", "0"}, "--capacity: expected"},
      {{"demo", "overload", "--capacity", "nan"}, "--capacity: expected"},
      {{"demo", "overload", "--capacity", "200000"}, "--factors: 10x of a capacity of 200000/s"},
      {{"demo", "overload", "--connections", "0"}, "--connections: expected"},
      {{"demo", "overload", "--names", "a,b"}, "--names: expected 1 name"},
      {{"demo", "overload", "--beside", "127.0.0.1:1", "--names", "a"}, "--names: expected 2"},
      {{"demo", "overload", "--server", "192.0.2.1:80"}, "--allow-remote"},
      {{"demo", "overload", "--server", "nowhere"}, "'nowhere' is no server address"},
  };
  for (const auto& [arguments, message] : cases) {
    const ProgramResult result = RunClient(arguments);
    EXPECT_EQ(result.exit_code, 2) << message;
    EXPECT_THAT(result.error, HasSubstr(message));
    EXPECT_EQ(result.out, "") << message;
  }
}

TEST(CommandLineTest, HelpHasExamplesAndVersionIsTheProjects) {
  EXPECT_EQ(RunClient({"--version"}).out, "baton-client " BATON_VERSION "\n");
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"--help"},
                                             {"infer", "--help"},
                                             {"load", "--help"},
                                             {"demo", "--help"},
                                             {"demo", "overload", "--help"}}) {
    const ProgramResult help = RunClient(arguments);
    EXPECT_EQ(help.exit_code, 0);
    EXPECT_THAT(help.out, AllOf(HasSubstr("Examples:"), HasSubstr("Exit status:")));
  }
}

TEST(LoadCommandTest, TableAndJsonReportWhatWasOffered) {
  OneAnswer server(Answer(200, "prediction"));
  std::vector<std::string> arguments = {"load",
                                        "--server",
                                        server.address(),
                                        "--path",
                                        "/reverse",
                                        "--data",
                                        "{}",
                                        "--rate",
                                        "200",
                                        "--schedule",
                                        "fixed",
                                        "--duration",
                                        "250ms",
                                        "--warmup",
                                        "0s",
                                        "--connections",
                                        "4",
                                        "--budget",
                                        "10s",
                                        "--grace",
                                        "20s"};
  const ProgramResult table = RunClient(arguments);
  EXPECT_EQ(table.exit_code, 0) << table.error;
  EXPECT_THAT(table.out, AllOf(HasSubstr("POST /reverse on " + server.address() + ", fixed 200/s"),
                               HasSubstr("200.0/s (50 requests)"), HasSubstr("50 good answers")));
  EXPECT_EQ(table.error, "");
  EXPECT_THAT(server.last(), HasSubstr("\r\nBaton-Budget-Ms: 10000\r\n"));

  arguments.insert(arguments.end(), {"-o", "json"});
  const ProgramResult json = RunClient(arguments);
  EXPECT_THAT(
      json.out,
      AllOf(StartsWith("{\"server\""), HasSubstr(R"("requests":50,"answered":50,)"),
            HasSubstr(R"("budget_ms":10000)"), HasSubstr(R"("answers":{"prediction":50})")));
}

TEST(LoadCommandTest, NobodyListeningIsExitThreeWithTheReason) {
  const std::string address = "127.0.0.1:" + std::to_string(UnusedPort());
  const ProgramResult result = RunClient({"load", "--server", address, "--path", "/hello"});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_EQ(result.error, "baton-client: cannot connect to " + address + ": Connection refused\n");
}

TEST(LoadCommandTest, AnInterruptEndsTheLoadAndStillReports) {
  std::atomic<pid_t> client{0};
  ScriptedServer server([&](std::size_t index, const std::string&) {
    const pid_t pid = client.load();
    if (index >= 20 && pid != 0 && client.exchange(0) != 0) ::kill(pid, SIGINT);
    return Answer(200, "prediction");
  });
  Program program(BATON_CLIENT_PATH, {"load", "--server", server.address(), "--path", "/r",
                                      "--rate", "200", "--duration", "10m", "--warmup", "0s"});
  client.store(program.pid());
  const ProgramResult result = program.Wait();
  EXPECT_EQ(result.exit_code, 130) << result.error;
  EXPECT_THAT(result.out, AllOf(HasSubstr("(interrupted)"), HasSubstr("prediction"),
                                Not(HasSubstr("unanswered"))));
}

std::vector<std::string> OverloadOf(const std::string& address) {
  return {"demo",       "overload", "--server", address,     "--path",        "/x",        "--data",
          "{}",         "--budget", "10s",      "--factors", "0.5,2",         "--seconds", "0.2",
          "--capacity", "100",      "--warmup", "0s",        "--connections", "4"};
}

TEST(OverloadCommandTest, ShowsEachStepAndWritesItsFiles) {
  OneAnswer server(Answer(200, "prediction"));
  const std::string stem = testing::TempDir() + "/overload." + std::to_string(::getpid());
  std::vector<std::string> arguments = OverloadOf(server.address());
  arguments.insert(arguments.end(), {"--svg", stem + ".svg", "--json", stem + ".json"});
  const ProgramResult result = RunClient(arguments);
  EXPECT_EQ(result.exit_code, 0) << result.error;
  EXPECT_EQ(result.error, "");
  EXPECT_THAT(result.out,
              AllOf(HasSubstr("capacity    100 good answers/s, as given\n"), HasSubstr("\n  0.5x "),
                    HasSubstr("\n    2x "), HasSubstr("back to normal after 0 ms\n")));
  const auto read = [](const std::string& file) {
    std::ifstream in(file);
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  EXPECT_THAT(read(stem + ".svg"), AllOf(StartsWith("<svg "), testing::EndsWith("</svg>\n")));
  EXPECT_THAT(read(stem + ".json"), StartsWith(R"({"target":"POST /x","budget_ms":10000,)"));
  std::remove((stem + ".svg").c_str());
  std::remove((stem + ".json").c_str());
}

TEST(OverloadCommandTest, CapacityIsMeasuredWhenItIsNotGiven) {
  OneAnswer server(Answer(503, "refused"));
  const ProgramResult result =
      RunClient({"demo", "overload", "--server", server.address(), "--path", "/x", "--data", "{}"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.error, HasSubstr("no capacity to measure: " + server.address() +
                                      " gave not one prediction inside the budget of 50ms"));
}

TEST(OverloadCommandTest, AServerWithoutTheTestEndpointSaysWhatToDo) {
  OneAnswer server(Answer(404, "invalid"));
  const ProgramResult result = RunClient({"demo", "overload", "--server", server.address()});
  EXPECT_EQ(result.exit_code, 4);
  EXPECT_EQ(result.error, "baton-client: " + server.address() +
                              " does not serve POST /test/spin (status 404); start it with "
                              "--test-endpoints, or say what to ask with --path or --model\n");
  EXPECT_THAT(server.last(),
              AllOf(StartsWith("POST /test/spin "), HasSubstr("\r\nBaton-Budget-Ms: 50\r\n"),
                    testing::EndsWith("\r\n\r\n{\"ms\": 5}")));
}

TEST(OverloadCommandTest, ARequestThatIsAtFaultIsNotOfferedAgainAndAgain) {
  OneAnswer server(Answer(400, "invalid"));
  const ProgramResult result = RunClient(OverloadOf(server.address()));
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.error, HasSubstr("does not take POST /x (status 400)"));
}

TEST(OverloadCommandTest, AFileThatCannotBeWrittenIsToldBeforeAnythingRuns) {
  OneAnswer server(Answer(200, "prediction"));
  std::vector<std::string> arguments = OverloadOf(server.address());
  arguments.insert(arguments.end(), {"--svg", "/nowhere/at/all.svg"});
  const ProgramResult result = RunClient(arguments);
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.error, HasSubstr("--svg: cannot write '/nowhere/at/all.svg': No such file"));
  EXPECT_EQ(result.out, "");
}

TEST(OverloadCommandTest, BothServersGetEachStepInTurn) {
  OneAnswer first(Answer(200, "prediction"));
  OneAnswer second(Answer(503, "refused"));
  std::vector<std::string> arguments = OverloadOf(first.address());
  arguments.insert(arguments.end(),
                   {"--beside", second.address(), "--names", "good,bad", "--progress"});
  const ProgramResult result = RunClient(arguments);
  EXPECT_EQ(result.exit_code, 0) << result.error;
  EXPECT_THAT(result.error, testing::ContainsRegex("good at 0.5x:.*\nbad at 0.5x:.*\n"
                                                   "good at 2x:.*\nbad at 2x:.*\n"));
  EXPECT_THAT(result.out, AllOf(HasSubstr("\ngood (" + first.address() + ")\n"),
                                HasSubstr("\nbad (" + second.address() + ")\n"),
                                HasSubstr("not back to normal within the step")));
}

TEST(OverloadCommandTest, AnInterruptEndsTheStepAndPrintsWhatIsThere) {
  std::atomic<pid_t> client{0};
  ScriptedServer server([&](std::size_t index, const std::string&) {
    const pid_t pid = client.load();
    if (index >= 20 && pid != 0 && client.exchange(0) != 0) ::kill(pid, SIGINT);
    return Answer(200, "prediction");
  });
  std::vector<std::string> arguments = OverloadOf(server.address());
  *(std::find(arguments.begin(), arguments.end(), "--seconds") + 1) = "600";
  Program program(BATON_CLIENT_PATH, arguments);
  client.store(program.pid());
  const ProgramResult result = program.Wait();
  EXPECT_EQ(result.exit_code, 130) << result.error;
  EXPECT_THAT(result.out, AllOf(HasSubstr("(interrupted)"), HasSubstr("\n  0.5x "),
                                Not(HasSubstr("\n    2x "))));
}

TEST(LoadCommandTest, ProgressIsSilentWithoutATerminalUnlessAskedFor) {
  OneAnswer server(Answer(200, "prediction"));
  std::vector<std::string> arguments = {
      "load", "--server",   server.address(), "--path",   "/r", "--rate",
      "50",   "--duration", "1200ms",         "--warmup", "0s"};
  EXPECT_EQ(RunClient(arguments).error, "");
  arguments.emplace_back("--progress");
  EXPECT_THAT(RunClient(arguments).error, HasSubstr("  1.0 s  sent "));
}

}  // namespace
}  // namespace baton::client
