// Topics out of the schema of the configuration, of the documents' tables, and of what only this
// program knows.
#include "admin/ctl/topics.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <iterator>
#include <utility>

#include "admin/ctl/api_topics.h"
#include "admin/ctl/embedded_texts.h"
#include "admin/ctl/exit_code.h"
#include "admin/ctl/markdown_tables.h"
#include "admin/messages/error_table.h"
#include "server/base/nearest_word.h"
#include "server/config/layers.h"
#include "server/config/settings.h"

namespace baton::ctl {
namespace {

using Topics = std::vector<Topic>;
using Cells = std::vector<std::string>;

constexpr std::size_t kMostNearTerms = 10;

constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kAnswers = {
    {{"prediction", "the model, or the route, answered inside the budget"},
     {"fallback", "a miss, and the client got what the endpoint declares instead of it"},
     {"refused", "a miss: turned away at once, because it could not have been in time"},
     {"timeout", "a miss: the budget ran out, or was smaller than the endpoint ever needs"},
     {"error", "a miss: the model failed"},
     {"invalid", "no miss: the client's fault"},
     {"none", "no miss: the client left before its answer"}}};

void AddFact(const std::string& name, const std::string& text, Topic& topic) {
  if (!text.empty() && text != "–") topic.facts.push_back({name, text});
}

void AddSettings(Topics& topics) {
  for (const config::KnownSetting& setting : config::AllSettings()) {
    const config::v1::Setting& rules = config::RulesOf(*setting.field);
    Topic topic{"setting", setting.path, {setting.field->name()}, {}};
    AddFact("what", rules.help(), topic);
    AddFact("allowed", config::Allowed(rules), topic);
    AddFact("default", rules.default_value().empty() ? rules.without() : rules.default_value(),
            topic);
    AddFact("flag", "baton-server " + rules.flag(), topic);
    topic.aliases.push_back(rules.flag());
    if (!setting.is_named) {
      topic.aliases.push_back(config::VariableOf(setting.path));
      AddFact("environment", topic.aliases.back(), topic);
    }
    topics.push_back(std::move(topic));
  }
}

void AddMetrics(Topics& topics) {
  for (const MarkdownTable& table : TablesOf(EmbeddedText("metrics.md"))) {
    if (table.heads.front() != "metric") continue;
    for (const Cells& row : table.rows) {
      Topic topic{"metric", row[0], {}, {}};
      for (std::size_t i = 1; i < row.size(); ++i) AddFact(table.heads[i], row[i], topic);
      AddFact("about", table.heading, topic);
      if (row[1].starts_with("histogram")) {
        topic.aliases = {row[0] + "_bucket", row[0] + "_sum", row[0] + "_count"};
      }
      topics.push_back(std::move(topic));
    }
  }
}

// The table of statuses, answers and causes: status, answer, cause, what happened.
std::vector<Cells> StatusRows() {
  for (const MarkdownTable& table : TablesOf(EmbeddedText("headers-and-statuses.md"))) {
    if (table.heading == "Statuses") return table.rows;
  }
  return {};
}

void AddAnswers(const std::vector<Cells>& rows, Topics& topics) {
  for (const auto& [word, meaning] : kAnswers) {
    Topic topic{"answer", std::string(word), {}, {{"what", std::string(meaning)}}};
    for (const Cells& row : rows) {
      if (row[1] == word)
        AddFact("HTTP " + row[0], (row[2] == "–" ? "" : row[2] + ": ") + row[3], topic);
    }
    topics.push_back(std::move(topic));
  }
}

void AddCauses(const std::vector<Cells>& rows, Topics& topics) {
  const auto help = TablesOf(EmbeddedText("understand-a-miss.md"));
  for (const Cells& row : rows) {
    if (row[2].empty() || row[2].find_first_of("– ") == 0 || row[2].find(' ') != row[2].npos)
      continue;
    Topic topic{"cause", row[2], {}, {}};
    AddFact("what", row[3], topic);
    AddFact("answer", row[1], topic);
    AddFact("HTTP status", row[0], topic);
    for (const MarkdownTable& table : help) {
      for (const Cells& other : table.rows) {
        if (table.heads.front() == "cause" && other[0] == row[2]) {
          AddFact("what to do", other.back(), topic);
        }
      }
    }
    topics.push_back(std::move(topic));
  }
}

void AddStatuses(const std::vector<Cells>& rows, Topics& topics) {
  for (const Cells& row : rows) {
    const bool is_known =
        !topics.empty() && topics.back().group == "status" && topics.back().term == row[0];
    if (!is_known) topics.push_back({"status", row[0], {"HTTP " + row[0]}, {}});
    std::string name = row[1] == "–" ? "what" : row[1];
    if (row[2] != "–" && row[2].find(' ') == row[2].npos) name += ", " + row[2];
    AddFact(name, row[3], topics.back());
  }
}

Topic& GrpcTopic(const std::string& code, Topics& topics) {
  const auto found = std::find_if(topics.begin(), topics.end(), [&](const Topic& topic) {
    return topic.group == "grpc-status" && topic.term == code;
  });
  if (found != topics.end()) return *found;
  topics.push_back({"grpc-status", code, {}, {}});
  return topics.back();
}

void AddGrpcStatuses(Topics& topics) {
  for (const MarkdownTable& table : TablesOf(EmbeddedText("headers-and-statuses.md"))) {
    if (table.heading != "Over gRPC" || table.heads.front() != "status") continue;
    for (const Cells& row : table.rows) {
      AddFact("inference", row[1], GrpcTopic(row[0], topics));
    }
  }
  for (const admin::ErrorRow& row : admin::ErrorRows()) {
    Topic& topic = GrpcTopic(std::string(row.grpc_name), topics);
    topic.aliases.emplace_back(row.reason);
    const std::string code = std::to_string(static_cast<int>(ToExitCode(row.code)));
    AddFact("admin plane", std::string(row.meaning) + "; exit code " + code, topic);
    AddFact("its reason", std::string(row.reason), topic);
    AddFact("what to do", std::string(row.remedy), topic);
  }
}

void AddHeaders(Topics& topics) {
  for (const MarkdownTable& table : TablesOf(EmbeddedText("headers-and-statuses.md"))) {
    if (table.heads.front() != "header") continue;
    const bool is_request = table.heading == "Request headers";
    for (const Cells& row : table.rows) {
      Topic topic{"header", row[0], {}, {{"in", is_request ? "requests" : "answers"}}};
      for (std::size_t i = 1; i < row.size(); ++i) AddFact(table.heads[i], row[i], topic);
      for (std::size_t at = 0; row[0].find(", ") != row[0].npos && at < row[0].size();) {
        const std::size_t comma = std::min(row[0].find(", ", at), row[0].size());
        topic.aliases.push_back(row[0].substr(at, comma - at));
        at = comma + 2;
      }
      topics.push_back(std::move(topic));
    }
  }
}

void AddWords(Topics& topics) {
  for (const MarkdownTable& table : TablesOf(EmbeddedText("ARCHITECTURE.md"))) {
    if (table.heads.front() != "word") continue;
    for (const Cells& row : table.rows) {
      topics.push_back({"word", row[0], {}, {{"what", row[1]}}});
    }
  }
}

void AddExitCodes(Topics& topics) {
  for (const ExitCodeMeaning& one : ExitCodeMeanings()) {
    const std::string number = std::to_string(static_cast<int>(one.code));
    topics.push_back(
        {"exit-code", "exit " + number, {number}, {{"what", std::string(one.meaning)}}});
  }
}

std::string Small(std::string text) {
  for (char& letter : text) {
    letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  }
  return text;
}

}  // namespace

std::span<const TopicGroup> Groups() {
  static constexpr TopicGroup kGroups[] = {
      {"setting", "keys of the server's configuration, with their flags and variables"},
      {"metric", "what /metrics has"},
      {"answer", "how a request ended"},
      {"cause", "why an answer is not a prediction"},
      {"status", "HTTP statuses"},
      {"grpc-status", "gRPC's codes, of inference and of the admin plane"},
      {"header", "headers of requests and answers"},
      {"message", "messages and enums of the admin API"},
      {"field", "fields and values of the admin API"},
      {"method", "calls of the admin API"},
      {"exit-code", "exit codes of batonctl"},
      {"word", "the words of the documentation"}};
  return kGroups;
}

std::vector<Topic> AllTopics() {
  Topics topics;
  AddSettings(topics);
  AddMetrics(topics);
  const std::vector<Cells> rows = StatusRows();
  AddAnswers(rows, topics);
  AddCauses(rows, topics);
  AddStatuses(rows, topics);
  AddGrpcStatuses(topics);
  AddHeaders(topics);
  Topics api = ApiTopics(EmbeddedText("admin_api.desc"));
  std::move(api.begin(), api.end(), std::back_inserter(topics));
  AddExitCodes(topics);
  AddWords(topics);
  return topics;
}

std::vector<Topic> FindTopics(const std::vector<Topic>& topics, const std::string& word) {
  const std::string wanted = Small(word);
  Topics exact;
  Topics others;
  for (const Topic& topic : topics) {
    const auto is_it = [&](const std::string& alias) { return Small(alias) == wanted; };
    if (is_it(topic.term)) {
      exact.push_back(topic);
    } else if (std::any_of(topic.aliases.begin(), topic.aliases.end(), is_it)) {
      others.push_back(topic);
    }
  }
  exact.insert(exact.end(), others.begin(), others.end());
  return exact;
}

std::vector<std::string> NearTerms(const std::vector<Topic>& topics, const std::string& word) {
  const std::string wanted = Small(word);
  std::vector<std::string> near;
  std::vector<std::string> all;
  for (const Topic& topic : topics) {
    all.push_back(topic.term);
    all.insert(all.end(), topic.aliases.begin(), topic.aliases.end());
    const bool contains = wanted.size() > 2 && Small(topic.term).find(wanted) != std::string::npos;
    if (contains && near.size() < kMostNearTerms) near.push_back(topic.term);
  }
  if (!near.empty()) return near;
  const std::vector<std::string_view> views(all.begin(), all.end());
  const std::string_view nearest = NearestWord(word, views);
  if (!nearest.empty()) near.emplace_back(nearest);
  return near;
}

}  // namespace baton::ctl
