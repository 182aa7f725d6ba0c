// `batonctl explain`: what a word of Baton means, without a server.
#include "admin/ctl/explain.h"

#include <algorithm>
#include <vector>

#include "admin/ctl/printing.h"
#include "admin/ctl/table.h"
#include "admin/ctl/topics.h"
#include "server/base/json_writer.h"
#include "server/config/text.h"

namespace baton::ctl {
namespace {

using Topics = std::vector<Topic>;

std::string ToTable(const Topics& topics, const Look& look) {
  std::string text;
  for (const Topic& topic : topics) {
    std::vector<Row> rows;
    for (const Fact& fact : topic.facts) rows.push_back({"  " + fact.name, fact.text});
    text +=
        (text.empty() ? "" : "\n") + topic.term + " (" + topic.group + ")\n" + Fields(rows, look);
  }
  return text;
}

std::string ToJson(const Topics& topics) {
  std::string text;
  JsonWriter json(text);
  json.BeginArray();
  for (const Topic& topic : topics) {
    json.BeginObject().Key("group").String(topic.group).Key("term").String(topic.term);
    json.Key("facts").BeginArray();
    for (const Fact& fact : topic.facts) {
      json.BeginObject().Key("name").String(fact.name).Key("text").String(fact.text).EndObject();
    }
    json.EndArray().EndObject();
  }
  json.EndArray();
  return text + "\n";
}

std::string ToYaml(const Topics& topics) {
  std::string text;
  for (const Topic& topic : topics) {
    text += "- group: " + topic.group + "\n  term: " + config::Quoted(topic.term) + "\n  facts:\n";
    for (const Fact& fact : topic.facts) {
      text += "    - name: " + config::Quoted(fact.name) +
              "\n      text: " + config::Quoted(fact.text) + "\n";
    }
  }
  return text;
}

std::string ToText(const Topics& topics, const Look& look) {
  if (look.format == Look::Format::kJson) return ToJson(topics);
  if (look.format == Look::Format::kYaml) return ToYaml(topics);
  if (look.IsTable()) return ToTable(topics, look);
  std::string names;
  for (const Topic& topic : topics) names += topic.term + "\n";
  return names;
}

Topics OfGroup(const Topics& topics, std::string_view group) {
  Topics found;
  for (const Topic& topic : topics) {
    if (topic.group == group) found.push_back(topic);
  }
  return found;
}

std::string GroupsText(const Topics& topics, const Look& look) {
  std::vector<Row> rows = {{"GROUP", "TERMS", "SUCH AS", "ABOUT"}};
  for (const TopicGroup& group : Groups()) {
    const Topics those = OfGroup(topics, group.name);
    rows.push_back({std::string(group.name), std::to_string(those.size()),
                    those.empty() ? "-" : those.front().term, std::string(group.about)});
  }
  return Columns(rows, look) +
         "\nbatonctl explain GROUP lists its terms, batonctl explain TERM says what one means.\n";
}

std::string TermsText(const Topics& topics, const Look& look) {
  std::vector<Row> rows = {{"TERM", "MEANING"}};
  for (const Topic& topic : topics) {
    const auto what = std::find_if(topic.facts.begin(), topic.facts.end(), [](const Fact& fact) {
      return fact.name == "what" || fact.name == "meaning";
    });
    rows.push_back({topic.term, what != topic.facts.end() ? what->text
                                : topic.facts.empty()     ? "-"
                                                          : topic.facts.front().text});
  }
  return Columns(rows, look);
}

std::string WithoutPlural(const std::string& word) {
  return word.ends_with('s') ? word.substr(0, word.size() - 1) : word;
}

}  // namespace

ExitCode RunExplain(const std::string& word, const Look& look) {
  const Topics topics = AllTopics();
  if (word.empty()) return Print(look.IsTable() ? GroupsText(topics, look) : ToText(topics, look));
  const Topics found = FindTopics(topics, word);
  if (!found.empty()) return Print(ToText(found, look));
  for (const std::string& name : {word, WithoutPlural(word)}) {
    const Topics group = OfGroup(topics, name);
    if (!group.empty()) return Print(look.IsTable() ? TermsText(group, look) : ToText(group, look));
  }
  std::string near;
  for (const std::string& term : NearTerms(topics, word)) {
    near += (near.empty() ? "; did you mean " : ", ") + term;
  }
  return Complain(ExitCode::kNotFound,
                  "nothing is known of \"" + word + "\"" + near +
                      (near.empty() ? "; batonctl explain lists what is" : "?"));
}

}  // namespace baton::ctl
