// Sending of one request and showing of its answer.
#include "client/cli/infer_command.h"

#include <cstdio>

#include <fmt/format.h>

#include "client/cli/exit_codes.h"
#include "client/cli/json_text.h"
#include "client/lib/answer.h"
#include "client/lib/connection.h"
#include "server/base/duration_text.h"
#include "server/base/json_writer.h"

namespace baton::client {
namespace {

struct Exchange {
  Response response;
  AnswerInfo answer;
  Duration connect_time;
  Duration answer_time;  // from the first byte sent to the last received
};

int Complain(const Error& error, int exit_code) {
  fmt::print(stderr, "baton-client: {}\n", PrintableText(error.message));
  return exit_code;
}

int ExitCodeFor(const Error& error) {
  switch (error.code) {
    case ErrorCode::kDeadlineExceeded: return kExitTimedOut;
    case ErrorCode::kUnavailable: return kExitUnreachable;
    default: return kExitUsage;
  }
}

int ExitCodeFor(const Exchange& exchange) {
  if (exchange.response.status == 404) return kExitNotFound;
  return exchange.response.IsSuccess() ? kExitOk : kExitNotServed;
}

Result<Exchange> Ask(const InferFlags& flags) {
  Result<Request> request = BuildRequest(flags.request);
  if (!request) return tl::unexpected(request.error());
  if (flags.explain) request->headers.emplace_back("Baton-Explain", "1");
  const Result<ServerAddress> server = ServerAddress::Resolve(flags.request.server);
  if (!server) return tl::unexpected(server.error());

  const SystemClock clock;
  const SteadyTime begin = clock.Now();
  Result<Connection> connection = Connection::Open(*server, flags.timeout);
  if (!connection) return tl::unexpected(connection.error());
  const SteadyTime connected = clock.Now();
  Result<Response> response = connection->Send(*request, flags.timeout);
  if (!response) return tl::unexpected(response.error());
  Exchange exchange{std::move(*response), {}, connected - begin, clock.Now() - connected};
  exchange.answer = ReadAnswer(exchange.response);
  return exchange;
}

std::string Millis(Duration duration) { return fmt::format("{:.3g} ms", ToMillis(duration)); }

std::string Headline(const Exchange& exchange) {
  const AnswerInfo& answer = exchange.answer;
  std::string line = answer.kind.starts_with("http_")
                         ? fmt::format("http {}", exchange.response.status)
                         : fmt::format("{} {}", answer.kind, exchange.response.status);
  line += " in " + Millis(exchange.answer_time);
  if (answer.budget) line += fmt::format(" of {:g} ms", ToMillis(*answer.budget));
  if (!answer.cause.empty()) line += ", cause " + answer.cause;
  if (!answer.retry_after.empty()) line += ", retry after " + answer.retry_after + " s";
  return line;
}

void PrintText(const Exchange& exchange) {
  fmt::print("{}\n", PrintableText(Headline(exchange)));
  std::string stages;
  for (const Stage& stage : exchange.answer.stages) {
    stages += (stages.empty() ? "" : ", ") + stage.name + " " + Millis(stage.time);
  }
  if (!stages.empty()) fmt::print("stages: {}\n", PrintableText(stages));
  const std::string& body = exchange.response.body;
  if (body.empty()) return;
  fmt::print("{}\n", PrintableText(IsJson(body) ? PrettyJson(body) : body));
}

void WriteOrNull(JsonWriter& json, std::string_view key, const std::string& text) {
  json.Key(key);
  text.empty() ? json.Null() : json.String(text);
}

void PrintJson(const Exchange& exchange) {
  const AnswerInfo& answer = exchange.answer;
  const Response& response = exchange.response;
  std::string out;
  JsonWriter json(out);
  json.BeginObject().Key("answer").String(answer.kind).Key("status").Number(response.status);
  WriteOrNull(json, "cause", answer.cause);
  json.Key("budget_ms");
  answer.budget ? json.Number(ToMillis(*answer.budget)) : json.Null();
  WriteOrNull(json, "retry_after", answer.retry_after);
  json.Key("answer_ms").Number(ToMillis(exchange.answer_time));
  json.Key("connect_ms").Number(ToMillis(exchange.connect_time));
  json.Key("stages_ms").BeginObject();
  for (const Stage& stage : answer.stages) json.Key(stage.name).Number(ToMillis(stage.time));
  json.EndObject().Key("headers").BeginArray();
  for (std::size_t i = 0; i < response.headers.size(); ++i) {
    json.BeginArray().String(response.headers.name(i)).String(response.headers.value(i)).EndArray();
  }
  json.EndArray().Key("body");
  IsJson(response.body) ? json.Raw(response.body) : json.String(response.body);
  json.EndObject();
  fmt::print("{}\n", out);
}

}  // namespace

int RunInfer(const InferFlags& flags) {
  const Result<Exchange> exchange = Ask(flags);
  if (!exchange) return Complain(exchange.error(), ExitCodeFor(exchange.error()));
  flags.is_json ? PrintJson(*exchange) : PrintText(*exchange);
  return ExitCodeFor(*exchange);
}

}  // namespace baton::client
