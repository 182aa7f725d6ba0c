// The references of the admin API and of errors, out of the topics that `explain` has.
#include "admin/ctl/references.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "admin/ctl/exit_code.h"
#include "admin/ctl/topics.h"
#include "admin/messages/error_table.h"

namespace baton::ctl {
namespace {

constexpr char kClientsRemedy[] = "send what the sentence in the answer says was expected";

using Topics = std::vector<Topic>;
using Cells = std::vector<std::string>;

std::string Cell(std::string text) {
  for (std::size_t at = text.find('|'); at != text.npos; at = text.find('|', at + 2)) {
    text.insert(at, 1, '\\');
  }
  return text.empty() ? "–" : text;
}

std::string Code(const std::string& text) { return text.empty() ? "" : "`" + text + "`"; }

void AddRow(const Cells& cells, std::string& text) {
  text += "|";
  for (const std::string& cell : cells) text += " " + Cell(cell) + " |";
  text += "\n";
}

void AddHeads(const Cells& heads, std::string& text) {
  AddRow(heads, text);
  text += "|";
  for (std::size_t i = 0; i < heads.size(); ++i) text += "---|";
  text += "\n";
}

std::string FactOf(const Topic& topic, std::string_view name) {
  const auto found = std::find_if(topic.facts.begin(), topic.facts.end(),
                                  [name](const auto& fact) { return fact.name == name; });
  return found == topic.facts.end() ? "" : found->text;
}

const Topic* Find(const Topics& topics, std::string_view group, const std::string& term) {
  const auto found = std::find_if(topics.begin(), topics.end(), [&](const Topic& topic) {
    return topic.group == group && topic.term == term;
  });
  return found == topics.end() ? nullptr : &*found;
}

void AddMethod(const Topic& method, std::string& text) {
  text += "### " + method.term + "\n\n" + FactOf(method, "what") + "\n\n" + "Takes `" +
          FactOf(method, "takes") + "`, gives `" + FactOf(method, "gives") + "`.\n\n";
}

// A message has a type for each field, an enum a meaning for each value.
void AddMessage(const Topic& message, const Topics& topics, std::string& text) {
  text += "### " + message.term + "\n\n" + FactOf(message, "what") + "\n\n";
  bool has_head = false;
  for (std::size_t i = 1; i < message.facts.size(); ++i) {  // the first is what it is
    const auto& [name, detail] = message.facts[i];
    const Topic* const field = Find(topics, "field", message.term + "." + name);
    if (!has_head) {
      AddHeads(field ? Cells{"field", "type", "what"} : Cells{"value", "what"}, text);
    }
    has_head = true;
    AddRow(
        field ? Cells{Code(name), Code(detail), FactOf(*field, "what")} : Cells{Code(name), detail},
        text);
  }
  if (has_head) text += "\n";
}

std::string AdminApi() {
  const Topics topics = AllTopics();
  std::string text =
      "# The admin API\n\n"
      "The service `baton.admin.v1.AdminService`, over gRPC. Its errors are in "
      "[errors](errors.md). Written by "
      "`batonctl\nmanual admin-api` out of `proto/baton/admin/v1`; a test compares.\n\n## "
      "Methods\n\n";
  for (const Topic& topic : topics) {
    if (topic.group == "method") AddMethod(topic, text);
  }
  text += "## Messages\n\n";
  for (const Topic& topic : topics) {
    if (topic.group == "message") AddMessage(topic, topics, text);
  }
  text.pop_back();
  return text;
}

// "UNAVAILABLE" for 503: what the same request gets over gRPC.
std::string GrpcOf(const std::string& status, const Topics& topics) {
  for (const Topic& topic : topics) {
    if (topic.group == "grpc-status" && FactOf(topic, "inference").starts_with(status)) {
      return topic.term;
    }
  }
  return "";
}

void AddDataPlane(const Topics& topics, std::string& text) {
  text +=
      "## The data plane\n\n"
      "What goes with them is in [headers and statuses](../headers-and-statuses.md).\n\n";
  AddHeads({"HTTP", "gRPC", "answer", "cause", "what happened", "what to do"}, text);
  for (const Topic& status : topics) {
    if (status.group != "status" || status.term < "400") continue;
    for (const auto& [name, happened] : status.facts) {
      const std::size_t comma = name.find(", ");
      const std::string cause = comma == name.npos ? "" : name.substr(comma + 2);
      const Topic* const known = Find(topics, "cause", cause);
      const std::string answer = name == "what" ? "" : name.substr(0, comma);
      const std::string remedy = known == nullptr ? "" : FactOf(*known, "what to do");
      AddRow({status.term, Code(GrpcOf(status.term, topics)), Code(answer), Code(cause), happened,
              remedy.empty() && answer == "invalid" ? kClientsRemedy : remedy},
             text);
    }
  }
  text += "\n";
}

void AddAdminPlane(std::string& text) {
  text +=
      "## The admin plane\n\n"
      "Each comes with a `google.rpc.ErrorInfo` in its details (`grpc-status-details-bin`): the "
      "reason, the domain\n"
      "`baton`, and in the metadata `field`, `allowed` and `got`, where they are known. A wrong "
      "field comes with a\n"
      "`google.rpc.BadRequest` besides. A message too long for that comes alone.\n\n";
  AddHeads({"gRPC", "reason", "what happened", "what to do", "exit code of batonctl"}, text);
  for (const admin::ErrorRow& row : admin::ErrorRows()) {
    AddRow(
        {Code(std::string(row.grpc_name)), Code(std::string(row.reason)), std::string(row.meaning),
         std::string(row.remedy), std::to_string(static_cast<int>(ToExitCode(row.code)))},
        text);
  }
  text += "\n";
}

std::string Errors() {
  const Topics topics = AllTopics();
  std::string text =
      "# Errors\n\n"
      "Written by `batonctl manual errors` out of the tables of the code and of the documents; a "
      "test compares.\n\n";
  AddDataPlane(topics, text);
  AddAdminPlane(text);
  text += "## Exit codes of batonctl\n\n";
  AddHeads({"code", "what happened"}, text);
  for (const ExitCodeMeaning& one : ExitCodeMeanings()) {
    AddRow({std::to_string(static_cast<int>(one.code)), std::string(one.meaning)}, text);
  }
  return text;
}

}  // namespace

std::optional<std::string> ReferenceOf(std::string_view name) {
  if (name == "admin-api") return AdminApi();
  if (name == "errors") return Errors();
  return std::nullopt;
}

}  // namespace baton::ctl
